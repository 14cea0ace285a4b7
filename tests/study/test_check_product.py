"""`onearm check` on files: what the rules of the product forbid is a problem, what they ask is a note."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from onearm.physiology.hospital.draw import draw_records
from onearm.physiology.hospital.record_errors import RecordErrors
from onearm.physiology.hospital.world import World
from onearm.protocol.rulebook import default_rulebook
from onearm.records import Records
from onearm.results.problems import StudyProblems
from onearm.sources.study_folder import read_study
from onearm.study.checks import check_inputs

EXAMPLES = Path(__file__).parents[2] / "examples"
WORLD = World(patients=60, treat_per_day=0.1, most_treated=8)


def inputs(**errors):
    """The study of the virtual hospital with records that have these errors."""
    study = read_study(EXAMPLES / "virtual-balmys")
    world = replace(WORLD, errors=RecordErrors(**errors))
    return replace(study, records=draw_records(world, seed=3, purpose="method_validation"))


def test_sound_records_are_told_nothing_of():
    assert not [note for note in check_inputs(inputs(), default_rulebook()) if "records/" in note]


def test_a_lot_that_failed_and_was_released_is_a_problem_with_its_rule():
    with pytest.raises(StudyProblems, match="P4") as told:
        check_inputs(inputs(lot_out_of_specification=1), default_rulebook())
    assert "release" in str(told.value)
    assert check_inputs(inputs(lot_out_of_specification=1)) is not None  # the analysis goes on: it happened


def test_an_infusion_that_contradicts_its_custody_is_asked_about():
    study = inputs()
    later = pl.col("stopped_at") + pl.duration(minutes=pl.when(pl.int_range(pl.len()) == 0).then(30).otherwise(0))
    tables = {**study.records.tables, "infusions": study.records["infusions"].with_columns(later)}
    told = check_inputs(replace(study, records=Records.of(tables, provenance="virtual")), default_rulebook())
    first = study.records["infusions"]["infusion_id"][0]
    assert [note for note in told if note.startswith("records/infusions.csv: D2") and first in note]
