"""Step 16: an image is read without date, treatment or site; a third reader decides between two."""

from collections.abc import Sequence
from typing import Any

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, next_name
from onearm.bedside.field import fields_of
from onearm.bedside.situation import Situation
from onearm.records.columns import canonical_json

ENOUGH = 2  # readings, unless they differ
_READ = ("system", "score", "change")


def differ(reads: Sequence[dict[str, Any]]) -> bool:
    """Whether two readings of an image say different things: then a third person decides."""
    return len({tuple(r[c] for c in _READ) for r in reads}) > 1


def _read(situation: Situation, answers: Answers) -> Plan:
    """First and second read, then a third person's decision between them; nobody reads an image twice."""
    image, me = situation.the(), situation.person
    reads = situation.view.rows("image_reads", study_uid=image["image_id"])
    persons = {row["account_id"]: row["person_id"] for row in situation.view.rows("accounts")}
    if me.person_id in {persons.get(r["reader_id"]) for r in reads}:
        raise Refusal("refused.read_already")
    if len(reads) > ENOUGH or (len(reads) == ENOUGH and not differ(reads)):
        raise Refusal("refused.read_enough")
    decides = sorted(r["image_read_id"] for r in reads) if len(reads) == ENOUGH else None
    values = {
        "site_id": image["site_id"],
        "subject_id": image["subject_id"],
        "image_read_id": next_name(situation, "image_reads", image["image_id"], "R"),
        "study_uid": image["image_id"],
        "modality": image["modality"],
        "taken_at": image["taken_at"],
        "reader_id": me.account_id,
        "blinded_to_date": True,
        "blinded_to_treatment": True,
        "adjudicates": None if decides is None else canonical_json(decides),
        **answers,
    }
    return Plan((Row("image_reads", values),), go_to="/images")


ACTS = (
    Act(
        id="read-image",
        action="read_image",
        about="image",
        step=16,
        fields=fields_of("image_reads", "system", "score", "change"),
        build=_read,
    ),
)
