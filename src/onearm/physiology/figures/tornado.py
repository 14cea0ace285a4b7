"""Tornado: how far the risk of death moves when one assumption is at either end of its range.

Every row has the same persons with the same draws and thresholds, so a difference is the assumption's and not chance.
"""

import numpy as np

from onearm.physiology.hospital.world import World
from onearm.physiology.host.parameters import Level, Parameter, Standing
from onearm.physiology.host.patient import Draws, Schedule, draw_patients, simulate_patients
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.randomness import Key
from onearm.physiology.tables.co_treatment import steroid_days
from onearm.physiology.tables.ward_tables import ages
from onearm.results.virtual_figures import Tornado, TornadoRow

HORIZON = 28
PERSONS = 400  # at onset
_MOST_ROWS = 12
_SMALLEST = 5e-4  # difference of risk that counts as one
_CASE_MIX = ("z_age",)  # of the ward, not of the disease


def tornado(world: World, *, seed: int, trial: int = 0, purpose: Purpose, threads: int = 1) -> Tornado:
    """Risk of death within 28 days of ventilation without infusion, each assumption of patient or species in turn.

    An assumption is set to its end in everybody; what never comes to ventilation is not at risk. With an effect in the
    world, everybody is infused once on the first day.
    """
    key = Key(seed, trial)
    persons = np.arange(PERSONS, dtype=np.int64)
    draws = draw_patients(world.parameters, key, persons, purpose=purpose)
    draws = draws.with_values(z_age=(ages(key, persons) - 65) / 10)
    schedule = _schedule(world, key, persons.size)

    def risk(changed: Draws) -> float | None:
        return _risk(changed, schedule, world.efficacy, purpose, threads)

    base = risk(draws)
    if base is None:
        raise ValueError(f"none of {PERSONS} persons comes to ventilation; look at pf_vent")
    rows = [_row(r, risk(_set(draws, r, r.low)), risk(_set(draws, r, r.high))) for r in _assumed(world)]
    moving = [r for r in rows if _reach(r, base) >= _SMALLEST]
    widest = sorted(moving, key=lambda r: (-_width(r, base), r.symbol))[:_MOST_ROWS]
    return Tornado(tuple(widest), base, PERSONS, HORIZON, len(rows) - len(moving))


def _assumed(world: World) -> list[Parameter]:
    """Assumptions of the patient or of all, with a range."""
    levels = (Level.PATIENT, Level.SPECIES)
    return [
        r
        for r in world.parameters.records
        if r.standing is Standing.ASSUMPTION and r.level in levels and r.symbol not in _CASE_MIX
    ]


def _set(draws: Draws, record: Parameter, value: float | None) -> Draws:
    assert value is not None, f"{record.symbol} has no range"
    return draws.with_values(**{record.symbol: value})


def _schedule(world: World, key: Key, persons: int) -> Schedule:
    """The corticosteroid of the world; one infusion on the first day where cells act."""
    drugs = np.full((persons, 4), np.inf)
    drugs[:, 0], drugs[:, 1] = steroid_days(key, np.arange(persons, dtype=np.int64), world.co_treatment.steroid_share)
    doses = np.zeros((persons, 1, 4))
    doses[:, 0, 2:] = (world.m_per_kg, 1.0) if world.efficacy else (0.0, 1.0)
    return Schedule(doses, drugs)


def _risk(draws: Draws, schedule: Schedule, efficacy: Efficacy | None, purpose: Purpose, threads: int) -> float | None:
    courses = simulate_patients(
        draws, schedule, efficacy, purpose=purpose, days=(float(HORIZON),), threads=threads, rtol=1e-6, chunk=50
    )
    ventilated = np.isfinite(courses.ventilation_changes[:, 0])
    if not ventilated.any():
        return None
    return float((courses.death_day[ventilated] <= HORIZON).mean())


def _row(record: Parameter, at_low: float | None, at_high: float | None) -> TornadoRow:
    assert record.low is not None and record.high is not None, f"{record.symbol} has no range"
    return TornadoRow(record.symbol, record.name, record.low, record.high, record.unit, at_low, at_high)


def _reach(row: TornadoRow, base: float) -> float:
    """The further of the two ends from the risk as it is."""
    return max(1.0 if end is None else abs(end - base) for end in (row.risk_low, row.risk_high))


def _width(row: TornadoRow, base: float) -> float:
    ends = [base, *(end for end in (row.risk_low, row.risk_high) if end is not None)]
    return max(ends) - min(ends)
