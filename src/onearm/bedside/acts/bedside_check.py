"""Step 11: wristband and bag are scanned at the bed; a second person signs, or the bag is held."""

from dataclasses import replace

from onearm.bedside.act import Act, Answers, Plan, Refusal
from onearm.bedside.acts.bags import event, state
from onearm.bedside.field import Field, of
from onearm.bedside.judging import signed_in
from onearm.bedside.labels.code import PREFIX, Kind, LabelError, read_scan, study_code
from onearm.bedside.situation import Situation
from onearm.product.bedside_check import Match, match

_SECOND = of("custody", "witness_id", required=True)


def compare(situation: Situation, answers: Answers) -> Match:
    """What the two scans say. Raises Refusal for a code that cannot be read: it is scanned again."""
    study, language = study_code(situation.promise.study_id), situation.person.language
    try:
        band = read_scan(answers["wristband"], study, Kind.WRISTBAND)
        bag = read_scan(answers["bag"], study, Kind.CONTAINER)
    except LabelError as wrong:
        raise Refusal("refused.label", told=wrong.said("es" if language == "es" else "en")) from None
    scans = [f"{PREFIX}/{study}/{s.kind}/{s.id}" if s.kind else s.raw for s in (band, bag)]
    rulebook, signed = situation.promise.rulebook, signed_in(situation.view)
    around = situation.view.near(subjects={band.id, *situation.records["subjects"]["subject_id"]}, containers=[bag.id])
    told = match(scans[0], scans[1], around, rulebook, situation.now, signed)
    return told if told.container_id == situation.key else replace(told, is_match=False)


def _match(situation: Situation, answers: Answers) -> Plan:
    told = compare(situation, answers)
    if not told.is_match:
        why = "; ".join(es if situation.person.language == "es" else en for en, es in told.reasons)
        raise Refusal("refused.mismatch", band=told.subject_id, bag=told.container_id, why=why)
    values = {"occurred_at": situation.now, "witness_id": answers["witness_id"], "scanned": _scanned(answers)}
    row = event(situation, "bedside_matched", situation.key, **values)
    return Plan((row,), statement={"bag": told.container_id, "subject": told.subject_id})


def _mismatch(situation: Situation, answers: Answers) -> Plan:
    """What was scanned is kept, the bag is held and the pharmacy sees it on its first screen."""
    told = compare(situation, answers)
    if told.is_match:
        raise Refusal("refused.no_mismatch")
    remark = f"wristband {told.subject_id}, bag {told.container_id}"
    values = {"occurred_at": situation.now, "scanned": _scanned(answers), "remark": remark}
    return Plan((event(situation, "bedside_mismatched", situation.key, **values),))


def _scanned(answers: Answers) -> str:
    return f"{answers['wristband']} {answers['bag']}"


_SCANS = (Field("wristband", "scan", True), Field("bag", "scan", True))
ACTS = (
    Act(
        id="match-bag",
        action="match",
        about="bag",
        step=11,
        fields=(*_SCANS, _SECOND),
        build=_match,
        fits=lambda situation: state(situation) == "issued",
        meaning="checked_at_bedside",
        second_person="witness_id",
        instead={"refused.mismatch": "hold-mismatch"},
    ),
    Act(
        id="hold-mismatch",
        action="infuse",
        about="bag",
        step=11,
        fields=_SCANS,
        build=_mismatch,
        fits=lambda situation: False,  # reached from a mismatch only
    ),
)
