"""What an act would change for the worse: findings of every rule after it that did not stand before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from onearm.bedside.act import Plan, Row
from onearm.bedside.situation import Situation
from onearm.ledger.problems import InvalidRow
from onearm.ledger.reading import View
from onearm.ledger.tables import record_key
from onearm.product.checks import check_product
from onearm.product.signed import Signed
from onearm.records import Records, check_records
from onearm.records.tables import FOREIGN_KEYS, TABLES
from onearm.records.validation import check_rows
from onearm.results.finding import Finding, Severity

# columns that name who did it: compared by person, so that two accounts of one person never check each other
PERSONS = (
    "actor_id",
    "analyst_id",
    "assessed_by",
    "checked_by_1",
    "checked_by_2",
    "decided_by",
    "ordered_by",
    "reader_id",
    "reviewed_by",
    "taken_by",
    "verified_by",
    "verifier_id",
    "witness_id",
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """New findings: those that stop the act, those a person must confirm, those to tell."""

    blocks: tuple[Finding, ...]
    confirms: tuple[Finding, ...]
    informs: tuple[Finding, ...]


def judge(situation: Situation, plan: Plan) -> Judgement:
    """Every rule over the case before and after the act. Raises InvalidRow when a row breaks its own table."""
    persons = persons_by_account(situation.view)
    rows = [row for row in plan.rows if row.table in TABLES]
    if not rows:
        return Judgement((), (), ())
    before = _by_person(_with_references(situation.view, plan.records or situation.records, rows), persons)
    after = _with_rows(before, rows, situation, persons)
    signed = signed_in(situation.view, plan, situation)
    found = _findings(after, situation, signed)
    if not found:
        return Judgement((), (), ())
    stood = {_mark(f) for f in _findings(before, situation, signed_in(situation.view))}
    new = [f for f in found if _mark(f) not in stood]
    by = {severity: tuple(f for f in new if f.severity is severity) for severity in Severity}
    return Judgement(by[Severity.BLOCK], by[Severity.CONFIRM], by[Severity.INFORM])


def persons_by_account(view: View) -> Mapping[str, str]:
    """The person behind every account."""
    return {row["account_id"]: row["person_id"] for row in view.rows("accounts")}


def signed_in(view: View, plan: Plan | None = None, situation: Situation | None = None) -> Signed:
    """The signatures on release decisions as they stand, by person, with those the act itself would give."""
    persons = persons_by_account(view)
    versions = {row["decision_id"]: row["version"] for row in view.rows("release_decisions")}
    rows = [
        (s["table_name"], s["record_key"], s["role"], s["meaning"], persons.get(s["signer"], s["signer"]))
        for s in view.rows("signatures", table_name="release_decisions")
        if s["signed_version"] == versions.get(s["record_key"])  # of an older version it says nothing of this one
    ]
    if plan is not None and situation is not None:
        me = situation.person
        rows += [
            (row.table, record_key(row.table, row.values), me.role, "released", me.person_id)
            for i, row in enumerate(plan.rows)
            if i in plan.signs and row.table == "release_decisions"
        ]
    return Signed.of(rows)


def _findings(records: Records, situation: Situation, signed: Signed) -> list[Finding]:
    rulebook = situation.promise.rulebook
    return [*check_records(records), *check_product(records, rulebook, signed)]


def _mark(finding: Finding) -> tuple[str, str, str, str]:
    return finding.rule, finding.table, finding.key, finding.sentence


def _with_references(view: View, records: Records, rows: Sequence[Row]) -> Records:
    """The records with the rows that new ones name and that stood outside of the case."""
    tables = dict(records.tables)
    for key in FOREIGN_KEYS:
        named = {str(row.values[key.column]) for row in rows if row.table == key.table and row.values.get(key.column)}
        stands = tables.get(key.target)
        missing = named - set(stands[key.target_column] if stands is not None else ())
        found = view.frame(key.target, **{key.target_column: missing}) if missing else None
        if found is not None and found.height:
            whole = found if stands is None else pl.concat([stands, found])
            tables[key.target] = whole.sort(TABLES[key.target].primary_key())
    return Records(records.provenance, tables)


def _by_person(records: Records, persons: Mapping[str, str]) -> Records:
    return Records(records.provenance, {name: _persons_of(frame, persons) for name, frame in records.tables.items()})


def _persons_of(frame: pl.DataFrame, persons: Mapping[str, str]) -> pl.DataFrame:
    named = [column for column in PERSONS if column in frame.columns]
    return frame.with_columns(pl.col(column).replace(persons) for column in named) if named else frame


def _with_rows(before: Records, rows: Iterable[Row], situation: Situation, persons: Mapping[str, str]) -> Records:
    """The records with the rows of the act, each table that gets one checked again as a whole."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    tables = dict(before.tables)
    for row in rows:
        if row.gone:
            key = {column: row.values[column] for column in TABLES[row.table].primary_key()}
            tables[row.table] = before[row.table].filter(~pl.all_horizontal(pl.col(c) == v for c, v in key.items()))
            continue
        version = 1 if row.read_version is None else row.read_version + 1
        told = {"version": version, "entered_at": situation.clock, **row.values}
        by_table.setdefault(row.table, []).append({name: told.get(name) for name in TABLES[row.table].column_names()})
    for table, values in by_table.items():
        tables[table] = _joined(table, before[table], values, persons)
    return Records(before.provenance, tables)


def _joined(
    table: str, stands: pl.DataFrame, values: Sequence[Mapping[str, Any]], persons: Mapping[str, str]
) -> pl.DataFrame:
    schema = TABLES[table]
    raw = pl.DataFrame({name: [row[name] for row in values] for name in schema.column_names()}, strict=False)
    new, problems = check_rows(schema, raw, file=table)
    if problems:
        raise InvalidRow(table, problems)
    new = _persons_of(new, persons)
    kept = stands.join(new, on=schema.primary_key(), how="anti")
    whole, problems = check_rows(
        schema, pl.concat([kept, new.select(kept.columns)]), file=table, place=lambda _: (None, "")
    )
    if problems:
        raise InvalidRow(table, problems)
    return whole
