"""How long do the parts of the evidence engine take at the size a statistician meets?"""

import json
import resource
import sys
import tempfile
import time
from functools import partial

import numpy as np

from bench.measure import Measure, MeasureFailed, Reading
from bench.process import answer, median_of, onearm, wall_seconds

_SEED = 20200710
_PERSONS, _DAYS = 1_000_000, 28


def analysis() -> Reading:
    """`onearm analyse` on a shipped study with records, page without PDF."""
    with tempfile.TemporaryDirectory(prefix="onearm-bench-") as out:
        return median_of(
            3, lambda: wall_seconds(onearm("analyse", "examples/virtual-balmys", "--out", out, "--no-pdf"))
        )


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


def exact_tests() -> dict[str, float | int | str]:
    """Exact tests of 13 treated against 300 similar patients, sets included, per CPU-second; the peer loops."""
    from onearm.design.cells import Cell
    from onearm.design.day_sets import day_sets, day_test
    from onearm.design.scenarios import SCENARIO
    from onearm.design.trials import draw_batch

    trials, by_hand = 4_000, 40
    batch = draw_batch(Cell(SCENARIO["S0"], "separate", 13, 300), seed=_SEED, first=0, count=trials)
    begun = time.process_time()
    p = day_test(day_sets(batch)).p
    ours = trials / (time.process_time() - begun)
    begun = time.process_time()
    for k in range(by_hand):
        treated, others = range(13), range(13, 313)
        start, end, event = (v[k].tolist() for v in (batch.start, batch.end, batch.event))
        spell, room = batch.spell[k].tolist(), batch.potential[k].tolist()
        if abs(plain_p(treated, others, start, end, event, spell, room) - p[k]) > 1e-12:
            raise MeasureFailed(f"trial {k}: the plain loops found another p")
    peer = by_hand / (time.process_time() - begun)
    note = f"{trials:,} tests; the peer's {by_hand} gave the same p"
    return {"value": ours, "lowest": ours, "highest": ours, "repeats": 1, "peer_value": peer, "note": note}


def plain_p(
    treated: range, others: range, start: list[int], end: list[int], event: list[int], spell: list[int], room: list[int]
) -> float:
    """P(at most so many deaths) of one trial, person by person: what a statistician writes first."""
    mass, t = [1.0], 0
    for i in treated:
        last = start[i] + min(28, room[i] - start[i])
        died = (event[i] == 1 and end[i] <= last) or (event[i] == 0 and end[i] < last)
        fits = [j for j in others if min(spell[j], end[j]) >= start[i] and room[j] >= last]
        if not fits:
            continue
        t += died
        pi = (died + sum(event[j] == 1 and end[j] <= last for j in fits)) / (len(fits) + 1)
        mass = [
            (mass[k] if k < len(mass) else 0) * (1 - pi) + (mass[k - 1] * pi if k else 0) for k in range(len(mass) + 1)
        ]
    return sum(mass[: t + 1])


def clones() -> dict[str, float | int | str]:
    """Clones of 5,000 patients with three days of grace, weighted, and 500 redraws of persons."""
    import polars as pl

    from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet
    from onearm.estimators.clone_weights import clone_weights

    n, rng = 5_000, np.random.Generator(np.random.Philox(key=_SEED))
    death, wait = rng.exponential(30, n), rng.exponential(15, n)
    end = np.minimum(death, 60).astype(np.int64)
    start = np.where((wait < 30) & (wait < death), wait, NEVER).astype(np.int64)
    columns = {
        "person": [f"P{k:05}" for k in range(n)],
        "source": ["ward"] * n,
        "centre": ["A"] * n,
        "zero_date": pl.Series([None] * n, dtype=pl.Date),
        "start_day": start,
        "spell_days": end,
        "end_day": end,
        "event": np.where(death < 60, 1, 0),
        "potential_days": np.full(n, NEVER),
    }
    data = AnalysisSet(pl.DataFrame(columns, schema=PEOPLE), pl.DataFrame(schema=SETS), 28, "index", "0" * 64)
    begun = time.perf_counter()
    found = clone_weights(data, grace=2, bootstraps=500)
    seconds = time.perf_counter() - begun
    if found.bootstraps < 500:
        raise MeasureFailed(f"{found.bootstraps} redraws only: {found.remedy}")
    return {"value": seconds, "lowest": seconds, "highest": seconds, "repeats": 1, "note": f"{found.n:,} persons"}


_CHILDREN = {"risk_sets": million_risk_sets, "exact_tests": exact_tests, "clones": clones}

MEASURES = (
    Measure("evidence.analyse", "analyse the shipped virtual ward, page without PDF", "s", analysis, target="< 10"),
    Measure(
        "evidence.risk_sets",
        "risk sets of 28 treated among 1,000,000 similar patients",
        "s",
        partial(child, "risk_sets"),
        target="< 60, < 4 GB",
    ),
    Measure(
        "evidence.exact_tests",
        "exact tests of virtual trials, 13 treated and 300 similar",
        "tests/cpu s",
        partial(child, "exact_tests"),
        peer="plain Python loops",
        target=">= 5,000",
    ),
    Measure("evidence.clones", "clones of 5,000 patients, 500 redraws", "s", partial(child, "clones"), target="<= 30"),
    Measure("evidence.robust_map", "predicted risk from 8 cohorts", "s", robust_map_of_8, target="< 0.3"),
)


if __name__ == "__main__":
    print(json.dumps(_CHILDREN[sys.argv[1]]()))
