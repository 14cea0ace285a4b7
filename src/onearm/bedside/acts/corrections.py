"""A row is corrected with a reason by whoever may enter it; one entered in error is withdrawn. Nothing is lost."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed
from onearm.bedside.acts.course import canonical_value
from onearm.bedside.field import Field, of
from onearm.bedside.language import NotANumber, read_number
from onearm.bedside.situation import NotThere, Situation
from onearm.product.specification import verdict_of
from onearm.records.tables import TABLES

REASON = Field("reason", "text", True)
#: table -> line of roles.toml of those who may correct it; what is signed is decided anew, never corrected
WHO: Mapping[str, str] = MappingProxyType(
    {
        "lots": "record_lot",
        "lot_materials": "record_lot",
        "lot_tests": "enter_test",
        "specifications": "specify",
        "subjects": "screen",
        "consents": "screen",
        "eligibility_checks": "screen",
        "weights": "screen",
        "measurements": "course",
        "visits": "course",
        "episodes": "course",
        "outcomes": "course",
        "adverse_events": "report_event",
        "infusions": "infuse",
        "infusion_containers": "infuse",
        "image_reads": "read_image",
    }
)
_FIXED = ("site_id", "version", "entered_at", "source_id", "subject_id", "lot_id", "infusion_id", "container_id",
          "dose_order_id", "import_id")  # fmt: skip
_PERSONS = ("checked_by_1", "checked_by_2", "assessed_by", "taken_by", "reviewed_by", "analyst_id", "verifier_id",
            "reader_id")  # fmt: skip
#: what follows from something else: from the specification, the unit, a signed decision, the image that was read
_FOLLOWS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lot_tests": ("verdict",),
        "measurements": ("value",),
        "subjects": ("cohort",),
        "image_reads": ("study_uid", "modality", "taken_at", "blinded_to_date", "blinded_to_treatment", "adjudicates"),
    }
)
#: columns whose name another question of the form has
_ASKED_AS: Mapping[str, str] = MappingProxyType({"reason": "remark"})


def columns_of(table: str) -> list[str]:
    """Columns a correction may change: not the key, not what it belongs to, not who did it, not what follows."""
    key = TABLES[table].primary_key()
    kept = {*key, *_FIXED, *_PERSONS, *_FOLLOWS.get(table, ())}
    return [c for c in TABLES[table].column_names() if c not in kept]


def _fields(table: str) -> tuple[Field, ...]:
    found = [of(table, column, name=_ASKED_AS.get(column, column)) for column in columns_of(table)]
    return tuple(replace(f, required=False) if f.kind == "several" else f for f in found)


def _correct(table: str) -> Any:
    several = [f.name for f in _fields(table) if f.kind == "several"]

    def build(situation: Situation, answers: Answers) -> Plan:
        row = _own(situation)
        told = {column: answers[_ASKED_AS.get(column, column)] for column in columns_of(table)}
        told |= {column: "[]" for column in several if told[column] is None}
        kept = {k: row[k] if _same_to_the_minute(row[k], v) else v for k, v in told.items()}
        if all(row[k] == v for k, v in kept.items()):
            raise Refusal("refused.nothing_changed")
        values = {**changed(row, **kept), **_following(table, situation, {**row, **kept})}
        return Plan((Row(table, values, row["version"]),), reason=answers["reason"])

    return build


def _own(situation: Situation) -> Mapping[str, Any]:
    """The row. A reader sees and changes the own readings only. Raises NotThere."""
    row = situation.the()
    if situation.person.role == "RR":
        reader = situation.view.row("accounts", row["reader_id"]) or {}
        if reader.get("person_id") != situation.person.person_id:
            raise NotThere(situation.key)
    return row


def _following(table: str, situation: Situation, row: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from a corrected row."""
    match table:
        case "lot_tests":  # who corrects a result answers for it, and another person verifies it as it now stands
            lines = situation.records["specifications"].to_dicts()
            analyst = situation.person.account_id
            return {"verdict": verdict_of(row, lines), "analyst_id": analyst, "verifier_id": None}
        case "measurements":
            return {"value": _canonical(situation, row)}
        case _:
            return {}


def _canonical(situation: Situation, row: Mapping[str, Any]) -> Any:
    """The number of a corrected measurement in the canonical unit; None where the raw value is no number."""
    try:
        number = read_number(row["raw_value"])
    except NotANumber:
        return None
    return canonical_value(situation, row["marker"], number, row["raw_unit"], row["quality"])


def _same_to_the_minute(stands: Any, typed: Any) -> bool:
    """A form shows minutes; a time left alone keeps its seconds."""
    if not hasattr(stands, "replace") or not hasattr(typed, "second"):
        return bool(stands == typed)
    return bool(stands.replace(second=0, microsecond=0) == typed.replace(second=0, microsecond=0))


def _withdraw(situation: Situation, answers: Answers) -> Plan:
    row = _own(situation)
    table = str(situation.about.table)
    return Plan((Row(table, dict(row), row["version"], gone=True),), reason=answers["reason"])


def _withdrawal(table: str) -> Act:
    return Act(
        id=f"withdraw-{table.replace('_', '-')}",
        action=WHO[table],
        about=f"row:{table}",
        step=18,
        fields=(REASON,),
        build=_withdraw,
        changes=True,
    )


def _correction(table: str) -> Act:
    return Act(
        id=f"correct-{table.replace('_', '-')}",
        action=WHO[table],
        about=f"row:{table}",
        step=18,
        fields=(*_fields(table), REASON),
        build=_correct(table),
        prefill=lambda situation: {_ASKED_AS.get(k, k): v for k, v in _own(situation).items()},
        changes=True,
    )


ACTS = tuple(make(table) for table in WHO for make in (_correction, _withdrawal))
