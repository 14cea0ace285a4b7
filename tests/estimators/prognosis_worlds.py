"""Wards with covariates by day for the tests of the prognostic score and what is matched on it."""

from dataclasses import replace

import numpy as np
from analysis_worlds import patient, read_reference, world

from onearm.cohort.analysis_set import NEVER
from onearm.vocabulary.scales import DayState

STATE = {"V": DayState.V, "E": DayState.E, "H": DayState.H, "D": DayState.D}


def reference_ward(*treated, horizon=28):
    """The persons of prognosis_days.csv, untreated, and `treated` rows (patient(...), covariates) beside them."""
    courses = {}
    for r in read_reference("prognosis_days.csv"):
        courses.setdefault(r["person"], []).append(r)
    people, days = [], 37
    states = np.full((len(courses), days), DayState.U, dtype=np.int8)
    x = np.full((len(courses), days, 2), np.nan, dtype=np.float32)
    for k, (name, rows) in enumerate(courses.items()):
        last = rows[-1]
        event = {"D": 1, "H": 2}.get(last["becomes"], 0)
        people.append(patient(name, end=int(last["day"]), event=event))
        for r in rows:
            d = int(r["day"])
            states[k, d] = STATE[r["state"]]
            x[k, d] = float(r["age"]), float(r["lab"])
        if event:
            states[k, int(last["day"]) + 1 :] = STATE[last["becomes"]]
    return with_covariates(world(*people, horizon=horizon), states, x, ("age", "lab"))


def with_covariates(data, states, x, names):
    """The analysis set with states and covariates of its people in row order."""
    return replace(data, states=states, x=np.asarray(x, dtype=np.float32), covariates=names)


def severity_ward(seed, *, treated=13, untreated=150, slope=0.8, choice=0.0, effect=1.0, days=60, horizon=28):
    """Daily hazards that follow one fixed severity; `choice` < 0 treats the less ill; `effect` on the death hazard."""
    rng = np.random.default_rng(seed)
    n = treated + untreated
    w = rng.normal(size=4 * n)
    start, people, rows = [], [], []
    arms = [True] * treated + [False] * untreated
    severity = iter(w)
    for k, arm in enumerate(arms):
        while True:  # who would be treated but leaves the state before is drawn again
            u = next(severity)
            z = int(rng.exponential(8 * np.exp(-choice * u))) if arm else NEVER
            died, out = 0, 0
            for d in range(days):
                hazard = 0.0185 * np.exp(slope * u) * (effect if d >= z else 1.0)
                v = rng.random()
                if v < hazard:
                    died, out = 1, d
                    break
                if v < hazard + 0.042:
                    died, out = 2, d
                    break
            else:
                died, out = 0, days - 1
            if not arm or out >= z:
                break
        start.append(z)
        rows.append(u)
        people.append(patient(f"{'T' if arm else 'C'}{k:03d}", end=out, event=died, start=z))
    data = world(*people, horizon=horizon)
    end, event = data.column("end_day"), data.column("event")
    states = np.full((n, days + 1), DayState.V, dtype=np.int8)
    after = np.arange(days + 1)[None, :] > end[:, None]
    for code, state in ((1, DayState.D), (2, DayState.H), (0, DayState.U)):
        states[after & (event == code)[:, None]] = state
    x = np.repeat(np.array(rows, dtype=np.float32)[:, None, None], days + 1, axis=1)
    return with_covariates(data, states, x, ("severity",))
