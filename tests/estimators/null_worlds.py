"""Four worlds in which the treatment does nothing: nobody differs, late start, confounding, a competing exit."""

import numpy as np
import polars as pl

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
from onearm.vocabulary.scales import DayState

WORLDS = ("none", "late_start", "confounded", "competing_exit")
LAST = 60


def null_world(world, seed, persons=300, horizon=28, last=LAST):
    """An analysis set by day alone, with states and one covariate (the severity, known to nobody who draws)."""
    rng = np.random.default_rng([WORLDS.index(world), seed])
    u = rng.normal(size=persons)
    death = rng.exponential(30 * np.exp(-0.8 * u * (world == "confounded")))
    leave = rng.exponential(20, persons) if world == "competing_exit" else np.full(persons, np.inf)
    wait = {
        "none": np.where(rng.random(persons) < 0.2, rng.uniform(0, 3, persons), np.inf),
        "late_start": np.where((w := rng.exponential(20, persons)) < 14, w, np.inf),
        "confounded": rng.exponential(60 * np.exp(0.7 * u)),
        "competing_exit": rng.exponential(60, persons),
    }[world]
    first = np.minimum(death, leave)
    wait = np.where(wait < 14, wait, np.inf)  # later there is soon nobody left to compare with
    start = np.where((wait < first) & (wait < last), np.floor(wait), NEVER).astype(np.int64)
    end = np.minimum(np.floor(first), last).astype(np.int64)
    event = np.where(first >= last, 0, np.where(death <= leave, 1, 2)).astype(np.int8)
    return analysis_set(start, end, event, u, horizon)


def analysis_set(start, end, event, u, horizon):
    """People and sets by day alone from arrays."""
    n = len(start)
    treated = np.flatnonzero(start < NEVER)
    fits = (start[None, :] > start[treated, None]) & (end[None, :] >= start[treated, None])
    which, control = np.nonzero(fits)
    lone = np.flatnonzero(~fits.any(axis=1))
    sets = {
        "set_id": np.concatenate([which, lone]),
        "treated": treated[np.concatenate([which, lone])],
        "control": [*control.tolist(), *[None] * len(lone)],
    }
    people = {
        "person": [f"P{k:04d}" for k in range(n)],
        "source": ["ward"] * n,
        "centre": ["A"] * n,
        "zero_date": [None] * n,
        "start_day": start,
        "spell_days": np.where(event == 0, NEVER, end),
        "end_day": end,
        "event": event,
        "potential_days": np.full(n, NEVER),
    }
    states = np.full((n, LAST + 2), DayState.V, dtype=np.int8)
    after = np.arange(LAST + 2)[None, :] > end[:, None]
    for code, state in ((1, DayState.D), (2, DayState.H), (0, DayState.U)):
        states[after & (event == code)[:, None]] = state
    x = np.repeat(u.astype(np.float32)[:, None, None], LAST + 2, axis=1)
    frames = (pl.DataFrame(people, schema=PEOPLE), pl.DataFrame(sets, schema=SETS).sort("set_id", "control"))
    return AnalysisSet(*frames, horizon, "index", "0" * 64, states=states, covariates=("severity",), x=x)
