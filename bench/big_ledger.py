"""A ledger as large as a trial of years makes it: patients, their measurements, some of them corrected."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

ENTRIES = 250_000
_PER_PATIENT = 100
_CORRECTED = 0.03
_START = datetime(2020, 3, 1, tzinfo=UTC)
_SEED = 20200710


@cache
def lines(entries: int = ENTRIES) -> tuple[bytes, ...]:
    """So many entries as an archive holds them, one line each, linked into a chain."""
    from onearm.ledger.entry import FIRST_HASH, Action, chain_hash, values_hash, values_text
    from onearm.records.columns import canonical_json
    from onearm.vocabulary.clock import text_of

    rng = random.Random(_SEED)
    before, made = FIRST_HASH, []
    for seq, (action, table, key, version, row) in enumerate(_rows(rng), 1):
        at = _START + timedelta(seconds=seq)
        salt = rng.randbytes(16)
        text = values_text({**row, "version": version, "entered_at": at})
        told: dict[str, Any] = {
            "seq": seq,
            "entered_at": text_of(at),
            "occurred_at": text_of(at),
            "actor": "SETUP",
            "role": "SETUP",
            "site": "S01",
            "action": action,
            "table_name": table,
            "record_key": key,
            "version": version,
            "values_sha256": values_hash(salt, text),
            "reason": "read again" if action == Action.CORRECT else "",
            "prev_hash": before,
        }
        before = chain_hash(**told)
        whole = {**told, "values_json": text, "salt": salt.hex(), "hash": before}
        made.append(canonical_json(whole).encode())
        if seq == entries:
            break
    return tuple(made)


def _rows(rng: random.Random) -> Iterator[tuple[str, str, str, int, dict[str, Any]]]:
    """Action, table, key, version and row of one entry after another, without end."""
    from small_study import measurement, subject

    study = {"site_id": "S01", "study_id": "BIG", "protocol_sha256": "0" * 64, "rulebook_sha256": "0" * 64}
    yield "open", "studies", "BIG", 1, {**study, "protocol_version": "1", "virtual": False, "onearm_version": "0"}
    site = {"site_id": "S01", "title": "Hospital", "kind": "hospital", "country": "ES", "timezone": "Europe/Madrid"}
    yield "create", "sites", "S01", 1, site
    yield "create", "sources", "OWN", 1, _source()
    patient = 0
    while True:
        patient += 1
        one = {**subject(1), "subject_id": f"S{patient // 900 + 10:02}-{patient % 900:03}"}
        yield "create", "subjects", one["subject_id"], 1, _whole("subjects", one)
        for k in range(_PER_PATIENT):
            row = measurement(f"M{patient}-{k}", hours=k, subject_id=one["subject_id"])
            row |= {"value": Decimal(rng.randrange(1, 40_000)) / 100}
            row |= {"raw_value": str(row["value"])}
            yield "create", "measurements", row["measurement_id"], 1, _whole("measurements", row)
            if rng.random() < _CORRECTED:
                row |= {"quality": "confirmed_extreme"}
                yield "correct", "measurements", row["measurement_id"], 2, _whole("measurements", row)


def _whole(table: str, row: dict[str, Any]) -> dict[str, Any]:
    from onearm.ledger.tables import SCHEMAS

    return {name: row.get(name) for name in SCHEMAS[table].columns()}


def _source() -> dict[str, Any]:
    told = {"site_id": "S01", "source_id": "OWN", "title": "own study", "kind": "own_study", "setting": "icu"}
    told |= {"population": "ventilated", "country": "ES", "entry_rule": "all", "time_zero_rule": "ventilation"}
    told |= {"time_basis": "calendar", "clock_start": "ventilation", "licence": "none", "missing_fields": "[]"}
    return _whole("sources", {**told, "retrieved_at": _START, "file_sha256": "0" * 64})


def filled(url: str, entries: int = ENTRIES) -> Any:
    """The ledger behind `url` with so many entries."""
    from onearm.ledger.archive import load
    from onearm.ledger.ledger import Ledger
    from onearm.ledger.store import write_transaction

    ledger = Ledger.at(url)
    with write_transaction(ledger.engine) as connection:
        load(connection, iter(lines(entries)))
    return ledger
