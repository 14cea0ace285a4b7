"""One trial of a batch as the AnalysisSet that `cohort.build` would make of its records, sets by day alone."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.design.trials import HORIZON, Batch
from onearm.design.virtual_arm import NEVER_DAY
from onearm.physiology.randomness import Floats
from onearm.vocabulary.scales import DayState

Ints = NDArray[np.int64]
SEVERITY, IMPROVED = "severity", "improved"  # W, the same on every day; a change of state
_AFTER = ((1, DayState.D), (2, DayState.H), (0, DayState.U))


@dataclass(frozen=True, slots=True, eq=False)
class OneTrial:
    """What an analysis of one trial may see (`data`, `measured`, `seed`), and what only its marking may."""

    data: AnalysisSet
    measured: Floats  # W of each row of `people`
    seed: int  # for whatever the analysis draws itself; another trial has another one
    cell: str
    trial: int
    same_setting: bool  # era, places and corticosteroid policy are known to be those of the treated
    averted: int  # truth: deaths by Z + h averted among the treated; negative: caused


def one_trial(batch: Batch, k: int) -> OneTrial:
    """Row `k` of the batch."""
    return OneTrial(
        data=analysis_set_of(batch, k),
        measured=batch.measured[k],
        seed=(batch.seed * 1_000_003 + int(batch.trial[k])) % 2**63,
        cell=batch.cell.id,
        trial=int(batch.trial[k]),
        same_setting=batch.cell.scenario.same_setting,
        averted=int(averted(batch)[k]),
    )


def averted(batch: Batch, who: NDArray[np.bool_] | None = None) -> Ints:
    """Truth: deaths by Z + h without the treatment minus deaths with it, over the treated; shape (trials,).

    `who`: of these only, shape (trials, most treated).
    """
    return np.asarray((saved(batch) * (batch.has_treated if who is None else who)).sum(axis=1))


def saved(batch: Batch) -> Ints:
    """Truth: 1 for a treated patient dead by Z + h only without the treatment, -1 only with it, else 0."""
    start, potential, died, untreated = (
        batch.of_treated(v).astype(np.int64) for v in (batch.start, batch.potential, batch.died, batch.untreated_died)
    )
    last = start + np.minimum(HORIZON, potential - start)
    change = (untreated <= last).astype(np.int64) - (died <= last)
    return np.asarray(np.where(batch.has_treated, change, 0))


def analysis_set_of(batch: Batch, k: int) -> AnalysisSet:
    """People, sets by day, states by day and the covariate `severity` of row `k`; people in order of number."""
    start, spell, end, potential, moribund = (
        v[k].astype(np.int64) for v in (batch.start, batch.spell, batch.end, batch.potential, batch.moribund)
    )
    source = ["own"] * batch.own + ["similar"] * (len(start) - batch.own)
    people = pl.DataFrame(
        {
            "person": [f"V{p:06}" for p in batch.patient[k].tolist()],
            "source": source,
            "centre": source,
            "zero_date": pl.Series([None] * len(start), dtype=pl.Date),
            "start_day": _or_never(start),
            "spell_days": _or_never(spell),
            "end_day": end,
            "event": batch.event[k],
            "potential_days": _or_never(potential),
        },
        schema=PEOPLE,
    )
    days = int(start[start < NEVER_DAY].max(initial=0)) + HORIZON + 2
    states = _states(spell, end, batch.event[k], days)
    able = np.minimum(np.minimum(spell, end), moribund)
    if batch.own < len(start):
        able[: batch.own] = -1  # a source that holds the treated alone gives no controls
    sets = _sets(start, able, potential)
    names, x = _covariates(batch, k, days)
    return AnalysisSet(people, sets, HORIZON, "index", batch.cell.sha256(), states=states, covariates=names, x=x)


def _covariates(batch: Batch, k: int, days: int) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """W, and where the world has such a state, 1 from the day after the improvement on."""
    severity = np.broadcast_to(batch.measured[k].astype(np.float32)[:, None], (batch.start.shape[1], days))
    if (batch.improved == NEVER_DAY).all():
        return (SEVERITY,), severity[:, :, None]
    improved = (batch.improved[k][:, None] < np.arange(days)[None, :]).astype(np.float32)
    return (SEVERITY, IMPROVED), np.stack([severity, improved], axis=2)


def _or_never(days: Ints) -> Ints:
    return np.where(days < NEVER_DAY, days, NEVER)


def _states(spell: Ints, end: Ints, event: NDArray[np.int8], days: int) -> NDArray[np.int8]:
    """`DayState` at the start of days 0..days-1, as `cohort.day_states`."""
    day = np.arange(days)[None, :]
    states = np.where(day <= spell[:, None], np.int8(DayState.V), np.int8(DayState.E)).astype(np.int8)
    for code, state in _AFTER:
        states[(day > end[:, None]) & (event == code)[:, None]] = state
    return states


def _sets(start: Ints, able: Ints, potential: Ints) -> pl.DataFrame:
    treated = np.flatnonzero(start < NEVER_DAY)
    z = start[treated, None]
    last = z + np.minimum(HORIZON, potential[treated, None] - z)
    fits = (able >= z) & (start > z) & (potential >= last)
    which, control = np.nonzero(fits)
    empty = np.flatnonzero(~fits.any(axis=1))
    rows = {
        "set_id": np.concatenate([which, empty]),
        "treated": treated[np.concatenate([which, empty])],
        "control": pl.Series(control).extend(pl.Series([None] * len(empty), dtype=pl.Int64)),
    }
    return pl.DataFrame(rows, schema=SETS).sort("set_id", "control")
