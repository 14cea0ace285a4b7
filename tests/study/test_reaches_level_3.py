"""From records to level 3 and not beyond: a large effect earns it, none does not, and no plan loses it."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from onearm.physiology.simple.multistate import MultistateSettings, draw_multistate
from onearm.protocol.locks import Act
from onearm.records import write_records
from onearm.sources.locks import append_lock
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse
from onearm.study.locking import frozen

EXAMPLES = Path(__file__).parents[2] / "examples"


def study(folder, effect, *, locked=True):
    """About 40 treated among 640 virtual patients, written as records and read again; a level is asked for."""
    settings = MultistateSettings(
        patients=640, death_ratio=effect, wait_days=230.0, measured_days=45, data_lock=date(2020, 9, 30)
    )
    records, _ = draw_multistate(settings, seed=1, purpose="method_validation")
    write_records(records, folder / "records")
    plan = (EXAMPLES / "virtual-balmys" / "study.toml").read_text(encoding="utf-8")
    plan = plan.replace("data_lock = 2020-04-28", "data_lock = 2020-09-30")
    plan = re.sub(r"\[matching\].*?\n\n", "", plan, flags=re.S)
    plan = re.sub(r'\[\[confounder\]\]\nname = "(?!sofa_total)[a-z_]*"\nreason = "[^"]*"\n', "", plan)
    (folder / "study.toml").write_text(plan, encoding="utf-8")
    if locked:
        append_lock(folder, Act.FREEZE, frozen(read_study(folder)))
    inputs = read_study(folder)
    return analyse(
        replace(inputs, protocol=replace(inputs.protocol, study=replace(inputs.protocol.study, virtual=False)))
    )


@pytest.fixture(scope="module")
def helped(tmp_path_factory):
    return study(tmp_path_factory.mktemp("helped"), 0.2)


def test_a_large_effect_in_a_clean_study_is_a_signal_and_no_proof(helped):
    assert helped.verdict.level == "L3" and all(g.passed for g in helped.gates)
    assert "not proof" in helped.verdict.sentence
    assert helped.verdict.claims["C4"].state == "shown" and helped.verdict.claims["C5"].state == "cannot be assessed"


def test_the_score_was_fitted_and_everybody_matched(helped):
    told = {e.id: e for e in helped.estimates}
    assert told["primary.exact.p"].value < 0.01 and told["oe.ratio"].upper < 1
    assert abs(told["balance.sofa_total.after"].value) <= 0.25
    assert [row.rule for row in helped.attrition][-1] == "score"


def test_without_an_effect_there_is_none_and_without_a_plan_no_level_3(tmp_path):
    assert study(tmp_path / "a", 1.0).verdict.level == "L2"
    exploratory = study(tmp_path / "b", 0.2, locked=False)
    assert exploratory.verdict.level == "L2" and exploratory.verdict.caps == ("G12",)
