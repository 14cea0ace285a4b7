"""How long do 2,000 redraws of the similar persons take, and does it matter how many persons there are?

The peer is the same question answered plainly: each redraw is a list of persons, and each landmark day counts them
again. It is timed over fewer redraws and scaled to 2,000. Both must give the same risk without redrawing.
"""

import json
import sys
import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bench.measure import Measure, MeasureFailed, Reading
from bench.process import ROOT, answer, median_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
BOOTSTRAPS = 2_000
SEED = 20200710
_REPEATS = 5
_PEER_BOOTSTRAPS = 100
_PEER = f"plain NumPy, person by person, {_PEER_BOOTSTRAPS} redraws scaled to {BOOTSTRAPS:,}"
_JITTER_DAYS = 3
_SHIPPED, _MANY = 0, 100_000  # 0: the persons as they are
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Persons:
    """Similar patients on their clock, shape (persons,), and what was reported of the treated."""

    spell: Ints
    end: Ints
    event: Ints
    start: tuple[float, float | None]  # median, width between quartiles, days
    follow_up: tuple[float, float | None]


def israeli() -> Persons:
    """Those the appraisal of BALMYS-19 takes, and its reported times."""
    from onearm.sources.study_folder import read_study
    from onearm.study.similar_incidence import similar_course

    inputs = read_study(ROOT / "examples" / "balmys19")
    assert inputs.series is not None
    course = similar_course(inputs.protocol, inputs.similar[0])
    start, follow_up = (
        inputs.series.quartiles(k) for k in ("first_dose_after_ventilation", "follow_up_after_first_dose")
    )
    assert start is not None and follow_up is not None
    times = ((start.median, start.iqr_width), (follow_up.median, follow_up.iqr_width))
    return Persons(course.spell, course.end, course.event, *times)


def grown(persons: Persons, size: int) -> Persons:
    """So many persons drawn from these, spell and rest of stay moved by up to 3 days: not the same few over again."""
    rng = np.random.Generator(np.random.Philox(key=SEED))
    who = rng.integers(len(persons.end), size=size)
    by_spell, by_rest = rng.integers(-_JITTER_DAYS, _JITTER_DAYS + 1, size=(2, size))
    spell, end = persons.spell[who], persons.end[who]
    seen = np.minimum(spell, end)  # a spell that nobody saw end is longer than the stay
    moved = np.maximum(seen + by_spell, 0)
    rest = np.where(end > seen, np.maximum(end - seen + by_rest, 0), 0)
    return Persons(
        np.where(spell > end, spell, moved), moved + rest, persons.event[who], persons.start, persons.follow_up
    )


def plain_risk(spell: Ints, end: Ints, event: Ints, start_mass: Floats, follow_mass: Floats, days: Ints) -> float:
    """Risk of death by the end of follow-up, counting persons anew on every landmark day; nothing is shared."""
    risk, horizon = 0.0, len(follow_mass) - 1
    for z, share in zip(days.tolist(), start_mass, strict=True):
        there = (spell > z) & (end > z)
        since, kind = end[there] - z, event[there]
        inside = since <= horizon
        ended = np.bincount(since[inside & (kind > 0)], minlength=horizon + 1)[: horizon + 1]
        died = np.bincount(since[inside & (kind == 1)], minlength=horizon + 1)[: horizon + 1]
        gone = np.bincount(np.minimum(since, horizon + 1), minlength=horizon + 2)
        at_risk = np.maximum(gone[::-1].cumsum()[::-1][: horizon + 1], 1)
        before = np.concatenate([[1.0], np.cumprod(1 - ended / at_risk)[:-1]])
        risk += float(share) * float(np.cumsum(before * died / at_risk) @ follow_mass)
    return risk


def by_hand(persons: Persons, bootstraps: int) -> tuple[float, float]:
    """(seconds of so many redraws, risk without redrawing)."""
    from onearm.sensitivity.null_predictive import MIN_AT_RISK
    from onearm.sensitivity.reported_days import LAST_DAY, fit_days

    rng = np.random.default_rng(SEED)
    begun = time.perf_counter()
    alive = [int(((persons.spell > z) & (persons.end > z)).sum()) for z in range(LAST_DAY + 1)]
    days = np.flatnonzero(np.array(alive) >= MIN_AT_RISK)
    start_mass, follow_mass = fit_days(*persons.start).day_mass()[days], fit_days(*persons.follow_up).day_mass()
    start_mass = start_mass / start_mass.sum()
    for _ in range(bootstraps):
        who = rng.integers(len(persons.end), size=len(persons.end))
        plain_risk(persons.spell[who], persons.end[who], persons.event[who], start_mass, follow_mass, days)
    seconds = time.perf_counter() - begun
    once = plain_risk(persons.spell, persons.end, persons.event, start_mass, follow_mass, days)
    return seconds, once


def by_onearm(persons: Persons, bootstraps: int = BOOTSTRAPS) -> tuple[float, float, int]:
    """(seconds, risk without redrawing, distinct kinds of person)."""
    from onearm.sensitivity.null_predictive import SimilarSpells, null_predictive

    begun = time.perf_counter()
    spells = SimilarSpells(persons.spell, persons.end, persons.event)
    found = null_predictive(
        spells,
        n=13,
        dead=2,
        unresolved=4,
        start=persons.start,
        follow_up=persons.follow_up,
        bootstraps=bootstraps,
        seed=SEED,
    )
    seconds = time.perf_counter() - begun
    assert found is not None
    return seconds, found.risk, len(spells.count)


def null_predictive(size: int) -> Reading:
    """Seconds of 2,000 redraws, ours and the peer's, in a fresh process."""
    told = answer("bench.null_predictive", str(size))
    return Reading(**told)


MEASURES = (
    Measure(
        "appraise.null_predictive",
        "2,000 redraws of the Israeli cases",
        "s",
        partial(null_predictive, _SHIPPED),
        peer=_PEER,
        target="< 2",
    ),
    Measure(
        "appraise.null_predictive_100k",
        "2,000 redraws of 100,000 similar cases",
        "s",
        partial(null_predictive, _MANY),
        peer=_PEER,
    ),
)


def _child(size: int) -> None:
    persons = grown(israeli(), size) if size else israeli()
    reading = median_of(_REPEATS, lambda: by_onearm(persons)[0])
    _, risk, kinds = by_onearm(persons)
    seconds, plain = by_hand(persons, _PEER_BOOTSTRAPS)
    if abs(risk - plain) > _ROUNDING:
        raise MeasureFailed(f"risk without redrawing: onearm {risk!r}, by hand {plain!r}")
    note = f"{len(persons.end):,} persons of {kinds:,} kinds"
    peer_value = seconds * BOOTSTRAPS / _PEER_BOOTSTRAPS
    told = {"value": reading.value, "lowest": reading.lowest, "highest": reading.highest, "repeats": reading.repeats}
    print(json.dumps({**told, "peer_value": peer_value, "note": note}))


if __name__ == "__main__":
    _child(int(sys.argv[1]))
