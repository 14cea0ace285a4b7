"""Cohorts from entry on in which the treatment does nothing: by the hour and floored, or by whole days in one order."""

import numpy as np
import polars as pl

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet


def people_set(*, start, end, event, horizon=28, same_day="index"):
    """AnalysisSet of arrays, without sets."""
    n = len(start)
    columns = {
        "person": [f"P{k:05d}" for k in range(n)],
        "source": ["ward"] * n,
        "centre": ["A"] * n,
        "zero_date": [None] * n,
        "start_day": start,
        "spell_days": [NEVER] * n,
        "end_day": end,
        "event": event,
        "potential_days": [NEVER] * n,
    }
    sets = pl.DataFrame([], schema=SETS)
    return AnalysisSet(pl.DataFrame(columns, schema=PEOPLE), sets, horizon, same_day, "0" * 64)


def late_start_by_hour(rng, n, **more):
    """Exponential death, mean 30 days; exponential treatment, mean 20, counted if alive and before day 14."""
    death, treatment = rng.exponential(30, n), rng.exponential(20, n)
    treated = (treatment < death) & (treatment < 14)
    start = np.where(treated, np.floor(treatment), NEVER).astype(int)
    return people_set(start=start, end=np.floor(death).astype(int), event=np.ones(n, dtype=int), **more)


def daily(rng, n, *, first, leave=0.0, treat=1 / 20, last=13, on_death=0.0, on_treatment=0.0, days=60, **more):
    """Whole days, `first` "treatment" or "event"; severity (n, 1) moves the logit of death and of treatment.

    Returns the set and the severity. Nobody is treated after `last`; open after `days`.
    """
    severity = rng.normal(size=n)
    base = [np.log(np.expm1(rate)) if rate else -np.inf for rate in (1 / 30, leave, treat)]
    die = 1 / (1 + np.exp(-base[0] - on_death * severity))
    go = np.exp(base[1]) / (1 + np.exp(base[1]))
    choose = 1 / (1 + np.exp(-base[2] - on_treatment * severity))
    start, end, event = np.full(n, NEVER), np.full(n, days), np.zeros(n, dtype=int)
    here = np.ones(n, dtype=bool)
    for day in range(days):
        u, v, w = rng.random((3, n))
        what = np.where(u < die, 1, np.where(v < go, 2, 0)) * here
        if day <= last:
            may = here if first == "treatment" else here & (what == 0)
            start[may & (start == NEVER) & (w < choose)] = day
        end[what > 0], event[what > 0] = day, what[what > 0]
        here &= what == 0
    return people_set(start=start, end=end, event=event, **more), severity[:, None]


def mean_and_error(values):
    """Mean and Monte Carlo error of each column."""
    rows = np.array(values, dtype=float)
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
