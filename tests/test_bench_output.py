"""`make bench` without its timing: ids, the six keys of build/bench.json, merging, and which way is better."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.import_rows import by_onearm, by_polars
from bench.measure import Measure, MeasureFailed, Reading, ratio, row_of
from bench.null_predictive import Persons, by_hand, grown
from bench.null_predictive import by_onearm as null_by_onearm
from bench.output import merged, shown
from bench.process import wall_seconds
from bench.run import MEASURES, main
from bench.similar_rows import FILE, grow

KEYS = ["id", "value", "unit", "peer", "peer_value", "ratio"]


def made_up(name, value, unit="s", peer=None, peer_value=None):
    return Measure(name, f"what {name} asks", unit, lambda: Reading(value, value, value, peer_value=peer_value), peer)


def run(out, *measures, only=""):
    code = main(only, out, measures)
    return code, json.loads(out.read_text()) if out.exists() else []


def test_no_two_benchmarks_share_an_id():
    ids = [m.id for m in MEASURES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.id)
def test_every_benchmark_has_a_question_and_a_unit_that_tells_better_from_worse(measure):
    assert measure.question
    assert ratio(1.0, 1.0, measure.unit) == 1


def test_an_entry_has_the_six_keys_and_no_other(tmp_path):
    _, entries = run(tmp_path / "b.json", made_up("a", 2.0), made_up("b", 2.0, peer="script", peer_value=6.0))
    assert [list(e) for e in entries] == [KEYS, KEYS]
    assert entries[0] == {"id": "a", "value": 2.0, "unit": "s", "peer": None, "peer_value": None, "ratio": None}
    assert entries[1] == {"id": "b", "value": 2.0, "unit": "s", "peer": "script", "peer_value": 6.0, "ratio": 3.0}


@pytest.mark.parametrize(
    ("unit", "value", "peer_value", "times_better"),
    [("s", 2, 6, 3), ("MB", 400, 100, 0.25), ("rows/s", 50, 100, 0.5), ("trials/cpu s", 100, 50, 2)],
)
def test_twice_as_good_is_2_in_every_unit(unit, value, peer_value, times_better):
    assert ratio(value, peer_value, unit) == times_better


def test_a_unit_that_does_not_say_which_way_is_better_is_refused():
    with pytest.raises(ValueError, match="more patients better or worse"):
        ratio(1, 2, "patients")


def test_without_a_named_peer_there_is_no_ratio():
    row = row_of(made_up("a", 1.0), Reading(1.0, 1.0, 1.0, peer_value=5.0))
    assert (row.peer_value, row.ratio) == (None, None)


def test_a_run_replaces_its_own_entries_and_keeps_all_others(tmp_path):
    out = tmp_path / "build" / "bench.json"
    run(out, made_up("old.first", 1.0), made_up("old.second", 2.0), made_up("old.third", 3.0))
    _, entries = run(out, made_up("old.second", 20.0), made_up("new", 4.0))
    assert [(e["id"], e["value"]) for e in entries] == [
        ("old.first", 1.0), ("old.second", 20.0), ("old.third", 3.0), ("new", 4.0)
    ]  # fmt: skip
    assert [p.name for p in out.parent.iterdir()] == ["bench.json"]


def test_merging_nothing_changes_nothing():
    old = [dict.fromkeys(KEYS) | {"id": "a"}]
    assert merged(old, []) == old


def test_a_prefix_runs_a_part(tmp_path):
    _, entries = run(tmp_path / "b.json", made_up("a.x", 1.0), made_up("a.y", 2.0), made_up("b", 3.0), only="a.")
    assert [e["id"] for e in entries] == ["a.x", "a.y"]


def test_a_prefix_that_fits_nothing_is_told_and_nothing_is_written(tmp_path, capsys):
    code, entries = run(tmp_path / "b.json", made_up("a", 1.0), only="z")
    assert (code, entries) == (1, [])
    assert "no benchmark starts with 'z'" in capsys.readouterr().err


def test_a_benchmark_that_fails_leaves_the_others_and_an_exit_code(tmp_path, capsys):
    def fails():
        raise MeasureFailed("the peer found something else")

    code, entries = run(tmp_path / "b.json", Measure("bad", "will it fail", "s", fails), made_up("good", 1.0))
    assert (code, [e["id"] for e in entries]) == (1, ["good"])
    assert "bad: will it fail: the peer found something else" in capsys.readouterr().err


def test_a_command_that_fails_gives_no_time():
    with pytest.raises(MeasureFailed, match=r"ended with 3\nwhy"):
        wall_seconds([sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"])


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.8, "1,234,568"), (28.1724, "28.17"), (0.03921, "0.0392"), (1761.0, "1,761")]
)
def test_numbers_show_four_digits_and_no_exponent(value, text):
    assert shown(value) == text


# the peers answer the same question as we do
def test_the_importer_and_the_script_find_the_same(tmp_path):
    grow(tmp_path, 5000)
    assert len((tmp_path / FILE).read_text().splitlines()) == 5001
    ours, script = by_onearm(tmp_path)[1], by_polars(tmp_path)[1]
    assert ours == script
    assert ours["rows"] == ours["ended"] == 5000 > ours["severe"] > 0


def test_person_by_person_gives_the_risk_of_the_compressed_persons():
    rng = np.random.default_rng(1)
    spell = rng.integers(0, 30, 200)
    few = Persons(spell, spell + rng.integers(0, 20, 200), rng.integers(0, 3, 200), (7, 12), (16, 9))
    for persons in (few, grown(few, 700)):
        assert by_hand(persons, 1)[1] == pytest.approx(null_by_onearm(persons, 20)[1], abs=1e-12)
