"""Records as known at any time are those a plain dictionary would hold, and those of files with the same facts."""

import csv
import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
import tampering
from small_study import COORDINATOR, DOCTOR, NURSE, measurement, open_study, subject, weight

from onearm.ledger.entry import Actor, values_hash
from onearm.ledger.problems import InvalidRow
from onearm.ledger.reading import View
from onearm.ledger.snapshot import snapshot
from onearm.ledger.verification import verify
from onearm.records import Records, read_records, write_records
from onearm.records.tables import TABLES

VIRTUAL = Path(__file__).parents[2] / "examples" / "virtual-balmys" / "records"
LOADER = Actor("LOADER", "SETUP", "S01")


# a random history against a plain dictionary
def random_history(ledger, clock, rng, steps):
    """Creates, corrections and withdrawals of weights; after each: its time, its last seq, what a dictionary holds."""
    standing, versions, prefixes = {}, {}, []
    for step in range(steps):
        clock.now += timedelta(seconds=rng.choice((0, 1, 60)))
        name, kg = f"W{rng.randrange(8)}", f"{rng.randrange(30, 250)}.{rng.randrange(10**6)}"
        with ledger.writing(NURSE) as act:
            row = weight(name, 1, kg)
            if name not in versions:
                act.add("weights", row)
            elif name in standing and rng.random() < 0.3:
                act.withdraw("weights", name, read_version=versions[name], reason=f"step {step}")
            else:
                act.correct("weights", row, read_version=versions[name], reason=f"step {step}")
            entry = act.written[-1]
        versions[name] = entry.version
        standing = {k: v for k, v in standing.items() if k != name}
        if entry.values_json != "null":
            standing[name] = (Decimal(kg).normalize(), entry.version)
        prefixes.append((entry.entered_at, entry.seq, standing))
    return prefixes


def known_weights(records):
    return {
        r["weight_id"]: (r["weight_kg"].normalize(), r["version"]) for r in records["weights"].iter_rows(named=True)
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_at_every_prefix_is_what_a_plain_dictionary_holds(ledger, clock, seed):
    open_study(ledger)
    with ledger.writing(NURSE) as act:
        act.add("subjects", subject(1))
    history = random_history(ledger, clock, random.Random(seed), 40)
    with ledger.reading() as view:
        for entered_at, seq, standing in history:
            by_seq, by_time = snapshot(view, seq=seq), snapshot(view, as_known_at=entered_at)
            assert known_weights(by_seq.records) == standing and by_seq.seq == seq
            last = max(s for at, s, _ in history if at <= entered_at)
            assert by_time.seq == last and by_time.findings == ()
        assert known_weights(snapshot(view).records) == history[-1][2]
        before = snapshot(view, as_known_at=datetime.fromisoformat("2019-01-01T00:00:00Z"))
        assert before.seq == 0 and not before.records.tables


def test_a_snapshot_is_the_rows_that_stand(study):
    with study.reading() as view:
        known = snapshot(view).records
        assert known["weights"].to_dicts() == view.rows("weights")
        assert known["subjects"].to_dicts() == view.rows("subjects")


def test_of_entries_of_one_moment_all_or_none_are_known(ledger, clock):
    open_study(ledger)
    with ledger.writing(NURSE) as act:
        act.add("subjects", subject(1))
        act.add_all("weights", [weight("W1"), weight("W2")])
        moment = act.moment()
    with ledger.reading() as view:
        assert snapshot(view, as_known_at=moment).records["weights"].height == 2
        assert snapshot(view, as_known_at=moment - timedelta(milliseconds=1)).records["weights"].height == 0


# the same facts by file and by ledger
def load(ledger, records):
    """Every row of every table into the ledger, in one act; its sites first."""
    with ledger.writing(LOADER) as act:
        sites = sorted({site for frame in records.tables.values() for site in frame["site_id"]})
        act.add_all("sites", [{"site_id": s, "title": s, "kind": "hospital", "country": "ES",
                               "timezone": "Europe/Madrid"} for s in sites])  # fmt: skip
        for table in TABLES:
            rows = records[table].drop("version", "entered_at").to_dicts()
            act.add_all(table, rows)


def cells_but(path, *left_out):
    """Cells that stand: an optional column may be left out of a file."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if v and k not in left_out} for row in csv.DictReader(file)]


def test_a_whole_study_loaded_into_the_ledger_and_exported_is_the_study_of_the_files(ledger, tmp_path):
    ledger = replace(ledger, virtual=True)
    original = read_records(VIRTUAL, "virtual")
    load(ledger, original)
    with ledger.reading() as view:
        known = snapshot(view)
        entered_at = {e.entered_at for e in view.entries()}
    assert known.findings == () and known.records.tables.keys() == original.tables.keys()
    write_records(known.records, tmp_path / "out")
    assert read_records(tmp_path / "out", "virtual") == known.records
    for path in sorted((tmp_path / "out").iterdir()):
        ours = cells_but(path, "version", "entered_at")
        assert ours == cells_but(VIRTUAL / path.name, "version", "entered_at"), path.name
        assert {r["version"] for r in cells_but(path)} == {"1"}
    assert all(set(frame["entered_at"]) <= entered_at for frame in known.records.tables.values())


def test_the_study_of_the_files_is_the_same_records_whoever_brings_them(ledger):
    ledger = replace(ledger, virtual=True)
    original = read_records(VIRTUAL, "virtual")
    load(ledger, original)
    with ledger.reading() as view:
        known = snapshot(view).records
    stamped = {
        name: frame.with_columns(version=known[name]["version"], entered_at=known[name]["entered_at"])
        for name, frame in original.tables.items()
    }
    assert Records.of(stamped, provenance="virtual") == known


# rows that do not hold
def written_raw(connection, key, change):
    """The last entry of a weight rewritten past every rule, the chain linked anew."""
    entries = tampering.entries_of(connection)
    place = max(i for i, e in enumerate(entries) if e.record_key == key)
    text = change(entries[place].values_json)
    sealed = values_hash(entries[place].salt, text)
    entries[place] = replace(entries[place], values_json=text, values_sha256=sealed)
    before = entries[place - 1].hash
    for entry in entries[place:]:
        entry = replace(entry, prev_hash=before)
        entry = replace(entry, hash=entry.expected_hash())
        before = entry.hash
        cells = ("values_json", "values_sha256", "prev_hash", "hash")
        tampering.write(connection, entry.seq, **{n: getattr(entry, n) for n in cells})


def set_to(**cells):
    return lambda text: json.dumps({**json.loads(text), **cells}, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (set_to(weight_kg="9000"), "weight_kg 9000 of subject S01-002: at most 500 is allowed."),
        (set_to(weight_kg="heavy"), 'weight_kg "heavy" of subject S01-002 is not a number.'),
        (set_to(subject_id=None), "subject_id of weight W2A is missing."),
        (set_to(weight_kg=["80"]), "the values cannot be read."),
        (set_to(weight_id="W3A"), "the values are those of another row."),
        (lambda text: text[:-2], "the values cannot be read."),
    ],
    ids=["limit", "number", "missing", "list", "another row", "cut"],
)
def test_a_row_that_no_longer_holds_its_schema_is_told_and_the_rest_stays(owner, change, told):
    with tampering.owner(owner) as connection:
        whole = snapshot(View(connection)).records["weights"]
        with tampering.without_guards(connection):
            written_raw(connection, "W2A", change)
        known = snapshot(View(connection))
        (finding,) = known.findings
        assert (finding.table, finding.key) == ("weights", "W2A") and told in finding.sentence
        assert known.records["weights"].equals(whole.filter(whole["weight_id"] != "W2A"))
        assert {f.kind for f in verify(View(connection)).faults} >= {"state"}


def test_what_was_known_before_a_redaction_tells_that_a_value_is_gone(study):
    with study.reading() as view:
        erased = next(e for e in view.entries() if e.values_json is None)
        known = snapshot(view, seq=erased.seq)
    (finding,) = known.findings
    assert finding.key == erased.record_key and "erased by a redaction" in finding.sentence
    assert erased.record_key not in set(known.records["weights"]["weight_id"])


# rules over several rows
@pytest.mark.parametrize("specimen", ["serum", None])
def test_what_stands_once_cannot_be_entered_a_second_time(study, specimen):
    with study.writing(NURSE) as act:
        act.add("measurements", measurement("M8", hours=5, specimen=specimen))
    with pytest.raises(InvalidRow, match="M9: M8 stands already with subject_id S01-001"), study.writing(NURSE) as act:
        act.add("measurements", measurement("M9", hours=5, specimen=specimen))
    with study.writing(NURSE) as act:
        act.add("measurements", measurement("M9", hours=5, specimen=specimen, replicate=2))
        act.correct("measurements", measurement("M8", hours=5, specimen=specimen, raw_value="1.50"), read_version=1,
                    reason="as printed")  # fmt: skip
    with pytest.raises(InvalidRow, match="M9: M8 stands already"), study.writing(NURSE) as act:
        act.correct("measurements", measurement("M9", hours=5, specimen=specimen), read_version=1, reason="no repeat")


def test_of_many_new_rows_only_the_one_in_the_way_is_refused(study):
    with study.writing(NURSE) as act:
        act.add("measurements", measurement("M500", hours=500))
    rows = [measurement(f"N{h}", hours=h) for h in range(1, 700)]
    with pytest.raises(InvalidRow) as refused, study.writing(NURSE) as act:
        act.add_all("measurements", rows)
    assert [p.sentence.split(":")[0] for p in refused.value.problems] == ["N500"]
    with study.writing(NURSE) as act:
        act.add_all("measurements", [r for r in rows if r["measurement_id"] != "N500"])
    with study.reading() as view:
        assert snapshot(view).findings == ()


def test_a_row_whose_place_was_withdrawn_can_be_entered_anew(study):
    with study.writing(NURSE) as act:
        act.add("measurements", measurement("M8", hours=5))
    with study.writing(NURSE) as act:
        act.withdraw("measurements", "M8", read_version=1, reason="another patient's")
        act.add("measurements", measurement("M9", hours=5))


def test_every_rule_over_several_rows_is_held_against_the_rows_that_stand():
    from onearm.ledger.once import ONCE

    found = {}
    for name, schema in TABLES.items():
        for rule, expression in schema._schema_validation_rules().items():
            if rule != "primary_key" and "is_unique" in str(expression.expr):
                found[name] = set(expression.expr.meta.root_names())
    assert found == {name: set(columns) for name, columns in ONCE.items()}


# what may stand in a reason
def test_a_reason_with_personal_data_is_refused_for_it_could_never_be_erased(study):
    with pytest.raises(InvalidRow, match="a phone, and a reason cannot be erased"), study.writing(COORDINATOR) as act:
        act.correct("weights", weight("W2A", 2, "81"), read_version=1, reason="told by 612 345 678")
    with study.reading() as view:
        assert view.row("weights", "W2A")["version"] == 1


def test_a_reason_is_kept_in_one_form_of_its_letters(study):
    with study.writing(DOCTOR) as act:
        entry = act.correct("weights", weight("W2A", 2, "81"), read_version=1, reason=" medicio\u0301n ")
    assert entry.reason == "medici\u00f3n"


def test_no_digit_is_lost_where_a_number_has_more_than_a_context_holds(ledger):
    from onearm.ledger.entry import plain

    long = Decimal("12345678901234567890123456.123456789012")
    assert plain(long) == "12345678901234567890123456.123456789012"
    assert [plain(Decimal(t)) for t in ("100", "1E+2", "-0", "0.500", "1.0")] == ["100", "100", "0", "0.5", "1"]
    with ledger.engine.connect() as connection:
        from onearm.ledger.columns import ExactDecimal

        assert connection.execute(sa.select(sa.literal(long, ExactDecimal()))).scalar() == long
