"""A row is corrected with a reason by whoever may enter it; one entered in error is withdrawn. Nothing is lost."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed
from onearm.bedside.field import Field, of
from onearm.bedside.situation import Situation
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
_FIXED = ("site_id", "version", "entered_at", "source_id", "subject_id", "lot_id", "infusion_id", "container_id")
_PERSONS = ("checked_by_1", "checked_by_2", "assessed_by", "taken_by", "reviewed_by", "analyst_id", "verifier_id",
            "reader_id", "assessed_by")  # fmt: skip


def columns_of(table: str) -> list[str]:
    """Columns a correction may change: not the key, not what it belongs to, not who did it."""
    key = TABLES[table].primary_key()
    return [c for c in TABLES[table].column_names() if c not in (*key, *_FIXED, *_PERSONS)]


def _correct(table: str) -> Any:
    def build(situation: Situation, answers: Answers) -> Plan:
        row = situation.the()
        told = {k: v for k, v in answers.items() if k != "reason"}
        kept = {k: row[k] if _same_to_the_minute(row[k], v) else v for k, v in told.items()}
        if all(row[k] == v for k, v in kept.items()):
            raise Refusal("refused.nothing_changed")
        if table == "lot_tests":
            kept["verifier_id"] = None  # verified again as it now stands
        return Plan((Row(table, changed(row, **kept), row["version"]),), reason=answers["reason"])

    return build


def _same_to_the_minute(stands: Any, typed: Any) -> bool:
    """A form shows minutes; a time left alone keeps its seconds."""
    if not hasattr(stands, "replace") or not hasattr(typed, "second"):
        return bool(stands == typed)
    return bool(stands.replace(second=0, microsecond=0) == typed.replace(second=0, microsecond=0))


def _withdraw(situation: Situation, answers: Answers) -> Plan:
    row = situation.the()
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
    fields = tuple(of(table, column) for column in columns_of(table))
    return Act(
        id=f"correct-{table.replace('_', '-')}",
        action=WHO[table],
        about=f"row:{table}",
        step=18,
        fields=(*fields, REASON),
        build=_correct(table),
        prefill=lambda situation: dict(situation.the()),
        changes=True,
    )


ACTS = tuple(make(table) for table in WHO for make in (_correction, _withdrawal))
