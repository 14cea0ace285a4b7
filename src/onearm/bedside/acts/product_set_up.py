"""Step 0: the specification a product is tested against."""

from onearm.bedside.act import Act, Answers, Plan, Row
from onearm.bedside.field import fields_of
from onearm.bedside.situation import Situation


def _specify(situation: Situation, answers: Answers) -> Plan:
    return Plan((Row("specifications", {"site_id": situation.person.site_id, **answers}),), go_to="/lots")


ACTS = (
    Act(
        id="specify-test",
        action="specify",
        about="study",
        step=0,
        fields=fields_of(
            "specifications",
            "specification_id",
            "specification_version",
            "test",
            "stage",
            "method",
            "unit",
            "low",
            "high",
            "expected_text",
            "required_for",
        ),
        build=_specify,
        prefill=lambda situation: {"specification_version": 1, "stage": "final", "required_for": "release"},
    ),
)
