"""The worlds: one sentence and one hash each, and what is true in them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from onearm.design.cells import POPULATIONS, Cell, cell_of, cells_named, cells_of
from onearm.design.scenarios import BASE, SCENARIO, SCENARIOS
from onearm.design.targets import full_replicates
from onearm.design.treated_share import treated_share, wait_for
from onearm.design.trials import draw_batch
from onearm.design.virtual_arm import NEVER_DAY, draw_arm
from onearm.physiology.randomness import Key

SMALL = {"n_treated": (13,), "n_similar": (60,)}


def test_every_world_has_its_own_name_sentence_and_settings():
    assert len({s.id for s in SCENARIOS}) == len({s.told for s in SCENARIOS}) == len(SCENARIOS)
    groups = {s.group for s in SCENARIOS}
    assert groups == {"E", *(f"S{k}" for k in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15))}  # S13: not there
    cells = cells_of((SCENARIO["S0"], SCENARIO["S2.rho80"], SCENARIO["S4.x120"], SCENARIO["S14"]), **SMALL)
    assert len({c.sha256() for c in cells}) == len(cells) == 8
    assert cells[0].id == "S0/separate/13/60"
    assert cells[0].sha256() == Cell(SCENARIO["S0"], "separate", 13, 60).sha256()


def test_every_cell_is_there():
    cells = cells_of()
    assert len(cells) == (2 * len(SCENARIOS) - 1) * 4
    assert len({c.id for c in cells}) == len(cells)


def test_cells_are_found_by_their_name():
    cell = Cell(SCENARIO["S0"], "separate", 13, 150)
    assert cell_of(cell.id) == cell
    assert cells_named(("S0/separate/13/150",)) == (cell,)
    assert len(cells_named(("S2.*",))) == 24
    assert len(cells_named(("S2.*/separate/13/*", "S0"))) == 6 + 8
    for wrong in ("S0", "S0/other/13/150", "S99/separate/13/150", "S0/separate/x/150"):
        with pytest.raises(ValueError, match="is no cell"):
            cell_of(wrong)
    with pytest.raises(ValueError, match=r"S99 matches no cell; worlds are S0, S0\.followed"):
        cells_named(("S0", "S99"))
    assert [full_replicates(c) for c in (cell, Cell(SCENARIO["E.hr50"], "separate", 13, 150))] == [10_000, 2_000]


def test_a_cell_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="no same_cohort run"):
        Cell(SCENARIO["S11"], "same_cohort", 13, 60)
    with pytest.raises(ValueError, match="must be 1 or more"):
        Cell(SCENARIO["S0"], "separate", 0, 60)


@pytest.mark.parametrize("change", [
    {}, {"gamma": -1.0}, {"lag_days": 3.0, "moribund_days": 2.0}, {"offer_from_days": 7.0}, {"earlier_share": 0.5},
    {"improve_per_day": 0.1, "improved_death_ratio": 0.3, "improved_extubation_ratio": 2.0, "improved_gamma": 1.0},
    {"steroid_gamma": 1.5, "steroid_death_ratio": 0.65}, {"centre_death_sd": 0.5, "centre_rate_sd": 0.5},
])  # fmt: skip
def test_the_share_treated_has_a_formula(change):
    settings = replace(BASE, **change)
    share = treated_share(settings)
    arm = draw_arm(settings, SCENARIO["S0"].recording, Key.of_trials(1, 0, 200), np.arange(200))
    given = (arm.start < NEVER_DAY).mean(axis=1)
    assert given.mean() == pytest.approx(share, abs=3 * given.std() / math.sqrt(200))


def test_the_wait_gives_the_wanted_share():
    wait = wait_for(BASE, 0.08)
    assert wait == round(wait, 6)
    assert treated_share(replace(BASE, wait_days=wait)) == pytest.approx(0.08, abs=1e-8)
    with pytest.raises(ValueError, match="cannot be treated"):
        wait_for(replace(BASE, offer_from_days=100.0), 0.5)


@pytest.mark.parametrize("population", POPULATIONS)
def test_so_many_are_treated(population):
    batch = draw_batch(Cell(SCENARIO["S7"], population, 13, 100), seed=1, first=0, count=300)
    treated = batch.has_treated.sum(axis=1)
    assert batch.start.shape == (300, 113)
    if population == "separate":
        assert (treated == 13).all()
        assert (batch.start[:, 13:] == NEVER_DAY).all()
    else:
        assert treated.mean() == pytest.approx(13, abs=3 * treated.std() / math.sqrt(300))


def test_nobody_is_changed_in_a_null_world_and_nobody_harmed_in_one_with_an_effect():
    for id in ("S0", "S3", "S9", "S14"):
        batch = draw_batch(Cell(SCENARIO[id], "separate", 13, 20), seed=1, first=0, count=20)
        assert SCENARIO[id].is_null
        assert np.array_equal(batch.died, batch.untreated_died)
    batch = draw_batch(Cell(SCENARIO["S8.severe"], "separate", 13, 20), seed=1, first=0, count=50)
    changed = batch.died != batch.untreated_died
    assert (batch.died >= batch.untreated_died).all()
    assert changed.any()
    assert (batch.severity[changed] > 0).all()


def test_what_each_setting_does():
    def drawn(id):
        return draw_batch(Cell(SCENARIO[id], "separate", 13, 40), seed=1, first=0, count=100)

    late, early = drawn("S1"), drawn("S0")
    assert late.of_treated(late.start).min() == 7
    assert early.of_treated(early.start).min() == 0
    moved = drawn("S14")
    off = moved.of_treated(moved.start).astype(int) - early.of_treated(early.start)
    assert set(np.unique(off)) == {-2, -1, 0, 1, 2}
    assert (moved.of_treated(moved.start) <= moved.of_treated(np.minimum(moved.spell, moved.end))).all()
    lost = drawn("S5")
    assert ((lost.event == 0) & (lost.end < lost.potential)).mean() > 0.05
    assert ((early.event == 0) & (early.end < early.potential)).sum() == 0
    dying = drawn("S6.lag0")
    died = dying.of_treated(dying.died).astype(int)
    assert (died - dying.of_treated(dying.start) >= 2).all()
    assert (drawn("S12.harm").died <= drawn("S12.harm").untreated_died).all()
    aggregate = drawn("S11")
    assert aggregate.potential[:, aggregate.own :].max() <= 35
    earlier, now = drawn("S4.x180"), early
    assert (earlier.event[:, 13:] == 1).mean() > 1.2 * (now.event[:, 13:] == 1).mean()
    chosen = drawn("S2.rho100")
    assert chosen.of_treated(chosen.measured).mean() < -0.3
    assert np.array_equal(chosen.measured, chosen.severity)


def test_records_only_settings_are_refused():
    with pytest.raises(ValueError, match="no fast path"):
        draw_arm(replace(BASE, containers=3), SCENARIO["S0"].recording, Key.of_trials(1, 0, 1), np.arange(3))
