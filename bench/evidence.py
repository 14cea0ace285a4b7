"""How long do the parts of the evidence engine take at the size a statistician meets?"""

import json
import resource
import sys
import tempfile
import time
from functools import partial

import numpy as np

from bench.measure import Measure, Reading
from bench.process import answer, median_of, onearm, wall_seconds

_SEED = 20200710
_PERSONS, _DAYS = 1_000_000, 28


def analysis() -> Reading:
    """`onearm analyse` on a shipped study with records, page without PDF."""
    with tempfile.TemporaryDirectory(prefix="onearm-bench-") as out:
        return median_of(3, lambda: wall_seconds(onearm("analyse", "examples/virtual-13", "--out", out, "--no-pdf")))


def child(part: str) -> Reading:
    """A reading taken in a process of its own."""
    return Reading(**answer("bench.evidence", part))


def robust_map_of_8() -> Reading:
    """The predicted risk of a new cohort from eight."""
    from onearm.estimators.robust_map import robust_map

    dead, n = (23, 12, 19, 9, 39, 6, 9, 10), (107, 44, 51, 39, 139, 20, 78, 35)

    def once() -> float:
        begun = time.perf_counter()
        robust_map(dead, n)
        return time.perf_counter() - begun

    return median_of(5, once)


def million_risk_sets() -> dict[str, float | int | str]:
    """Seconds and MB of the risk sets of 28 treated, one a day, among a million similar patients with daily states."""
    import polars as pl

    from onearm.cohort.analysis_set import NEVER, PEOPLE
    from onearm.cohort.follow_up import FollowUp
    from onearm.cohort.patient_facts import PatientFacts
    from onearm.cohort.risk_sets import Group, risk_sets
    from onearm.protocol.study import Matching
    from onearm.records import Records

    rng = np.random.Generator(np.random.Philox(key=_SEED))

    def group(prefix: str, start: np.ndarray, spell: np.ndarray, offset: int) -> Group:
        n = len(start)
        stay = spell + rng.integers(0, 14, n)
        columns = {
            "person": [f"{prefix}{k}" for k in range(n)],
            "source": [prefix] * n,
            "centre": ["A"] * n,
            "zero_date": pl.Series([None] * n, dtype=pl.Date),
            "start_day": start,
            "spell_days": spell,
            "end_day": stay,
            "event": rng.integers(0, 3, n),
            "potential_days": np.full(n, NEVER),
        }
        people = pl.DataFrame(columns, schema=PEOPLE).with_columns(
            zero=pl.lit(None, dtype=pl.Datetime("us", "UTC")), zero_precision=pl.lit("day")
        )
        spells = pl.DataFrame({"start": np.zeros(n, dtype=np.int64), "end": spell, "person": np.arange(n)})
        course = FollowUp(people, spells, pl.DataFrame(), 0, "ventilation")
        return Group(course, PatientFacts(Records.of({}, provenance="file"), course), offset)

    treated = group("T", np.arange(_DAYS), np.full(_DAYS, 40), 0)
    similar = group("S", np.full(_PERSONS, NEVER), rng.geometric(1 / 12, _PERSONS) - 1, _DAYS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    found = risk_sets((treated, similar), (), Matching(), 28)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note = f"{found.pairs.height:,} pairs, at most {peak:,.0f} MB (before: {before / 1024:,.0f})"
    return {"value": seconds, "lowest": seconds, "highest": seconds, "repeats": 1, "note": note}


_CHILDREN = {"risk_sets": million_risk_sets}

MEASURES = (
    Measure("evidence.analyse", "analyse the shipped virtual ward, page without PDF", "s", analysis, target="< 10"),
    Measure(
        "evidence.risk_sets",
        "risk sets of 28 treated among 1,000,000 similar patients",
        "s",
        partial(child, "risk_sets"),
        target="< 60, < 4 GB",
    ),
    Measure("evidence.robust_map", "predicted risk from 8 cohorts", "s", robust_map_of_8, target="< 0.3"),
)


if __name__ == "__main__":
    print(json.dumps(_CHILDREN[sys.argv[1]]()))
