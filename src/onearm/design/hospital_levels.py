"""How often each level, and each naive answer, would be given in virtual hospitals: whole records to gates.

Worlds `A.` are of the mechanistic generator, in which markers and outcome share a hidden state; worlds `B.` of the
simple one, with formulas and constant hazards, tuned to the shares dead and extubated by day 28 of A.S0. A claim that
holds in both does not hang on the form of one. A virtual study's own page says "virtual, no level".
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from onearm.cohort.analysis_set import NEVER
from onearm.cohort.build import Built, Cohort, build, build_cohort
from onearm.cohort.marker_courses import marker_courses
from onearm.design.naive import CLAIMED_MORTALITY, binomial_at_most
from onearm.estimators.marker_course import marker_course
from onearm.estimators.risk_set_test import risk_set_test
from onearm.estimators.sign_flips import sign_flips
from onearm.physiology.hospital.draw import draw_hospital
from onearm.physiology.hospital.world import World
from onearm.physiology.host.parameters import default_parameters
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.simple.multistate import draw_multistate
from onearm.physiology.simple.settings import MultistateSettings
from onearm.physiology.tables.co_treatment import CoTreatment
from onearm.physiology.tables.measurement_policy import MeasurementPolicy
from onearm.physiology.truth import Truth
from onearm.protocol.study import Protocol
from onearm.records import Records
from onearm.results.status import Status
from onearm.study.matching import match
from onearm.study.trial_level import trial_level

#: key of an answer -> what was done, in one sentence
ANSWERS: Mapping[str, str] = {
    "level3": "The verdict gives level 3: a signal.",
    "exact": "The exact test in the caliper rejects at .05, one-sided.",
    "exact_at_gamma": "It rejects also under the hidden bias that level 3 asks for.",
    "never_treated": "Risk sets without whoever is treated later reject.",
    "person_time": "Deaths per day, ever against never treated, the wait counted as treated, reject.",
    "deaths_so_far": "Deaths so far are fewer than a claimed 80 %.",
    "crp_fell": "CRP of the treated fell from before the first dose to a week after it: survivors, no controls.",
    "crp_contrast": "CRP of the treated is better than that of similar cases a week later; hidden by a drug: left out.",
    "refused": "The exact test is refused.",
}
_MARKER, _WEEK = "crp", 7
_HORIZON = 28
_DRAWS = 500  # of the family over all markers, which no answer here reads
_EFFECT = Efficacy(5.0, "none: a virtual effect", "as large as the registry allows, to see whether one is found")


_MORNINGS_ONLY = MeasurementPolicy(image_days=(), visit_days=())  # no analysis here looks at an image


@dataclass(frozen=True, slots=True)
class HospitalWorld:
    """One world of the hospitals."""

    id: str
    told: str
    world: World | MultistateSettings


def _world(id: str, told: str, patients: int, treated: int, rate: float, **changes: object) -> HospitalWorld:
    base = World(patients=patients, most_treated=treated, treat_per_day=rate, measurement=_MORNINGS_ONLY)
    return HospitalWorld(f"{id}/{treated}/{patients - treated}", told, replace(base, **changes))  # type: ignore[arg-type]


def _sizes(id: str, told: str, **changes: object) -> Iterator[HospitalWorld]:
    yield _world(id, told, 163, 13, 0.04, **changes)
    yield _world(id, told, 640, 40, 0.03, **changes)


HOSPITAL_WORLDS: tuple[HospitalWorld, ...] = (
    *_sizes("A.S0", "The cells do nothing; who gets them has nothing to do with how ill they are."),
    *_sizes("A.S1", "The same, and nobody is treated before day 7.", offer_from_days=7),
    *_sizes("A.S2", "The cells do nothing; the less ill by the morning's P/F are treated.", gamma=-0.7),
    *_sizes(
        "A.S3",
        "The cells do nothing; the less damaged are treated, and no record says who.",
        gamma=-0.7,
        severity="hidden",
    ),
    *_sizes(
        "A.S4",
        "The cells do nothing; those who came first died 1.8 times as fast as the last, and the product came late.",
        drift=1.8,
        product_from_day=21,
    ),
    *_sizes(
        "A.S5",
        "The cells do nothing; the worse are moved to other hospitals and seen no more.",
        transfer_per_day=0.03,
        transfer_gamma=0.7,
    ),
    *_sizes(
        "A.S13",
        "The cells do nothing; all who are treated get tocilizumab with them, which lowers CRP and moves no outcome.",
        co_treatment=CoTreatment(tocilizumab_share=0.0, tocilizumab_with_cells=1.0),
        parameters=default_parameters().with_values(b2=0.0),
    ),
    *_sizes("A.E", "The cells act as strongly as the registry allows; nothing else is wrong.", efficacy=_EFFECT),
)


#: death and extubation per ventilated day at severity 0 with the 35.5 % dead and 52.6 % extubated by the end of day 28
#: of 9,000 untreated patients of A.S0 (tests/design/test_hospital_levels.py)
TUNED = (0.0235, 0.0399)


def _simple(id: str, told: str, **changes: object) -> Iterator[HospitalWorld]:
    base = MultistateSettings(
        death_per_day=TUNED[0],
        extubation_per_day=TUNED[1],
        rho=0.8,
        lag_days=1.0,
        entry_days=42,
        data_lock=date(2020, 6, 30),
    )
    for patients, treated, wait in ((163, 13, 25.0), (640, 40, 33.0)):
        one = replace(base, patients=patients, containers=treated, wait_days=wait, **changes)  # type: ignore[arg-type]
        yield HospitalWorld(f"{id}/{treated}/{patients - treated}", told, one)


SIMPLE_WORLDS: tuple[HospitalWorld, ...] = (
    *_simple("B.S0", "The cells do nothing; who gets them has nothing to do with how ill they are."),
    *_simple("B.S1", "The same, and nobody is treated before day 7.", offer_from_days=7.0),
    *_simple("B.S2", "The cells do nothing; the less ill are treated, and severity is measured.", gamma=-0.7),
    *_simple("B.S3", "The cells do nothing; the less ill are treated, and no record says who.", gamma=-0.7, rho=0.0),
    *_simple("B.E", "The cells cut deaths per day to a fifth; nothing else is wrong.", death_ratio=0.2),
)


def judged(protocol: Protocol, records: Records, seed: int) -> dict[str, bool]:
    """Every answer of ANSWERS for one trial, from its records alone."""
    cohort = build_cohort(protocol, records)
    matched = match(protocol, cohort)
    plan = replace(protocol.sap, seed=seed)
    test = risk_set_test(matched.data, alpha=plan.alpha, gammas=(plan.gamma_required,))
    reject = test.p is not None and test.p <= plan.alpha
    at_gamma = reject and all(p <= plan.alpha for _, p in test.p_worst_case)
    shown = at_gamma and test.status is Status.OK
    never = risk_set_test(build(protocol, cohort, never_treated_only=True).data, alpha=plan.alpha, gammas=())
    return {
        "level3": shown and trial_level(matched, plan).level in ("L3", "L4"),
        "exact": reject,
        "exact_at_gamma": at_gamma,
        "never_treated": never.p is not None and never.p <= plan.alpha,
        "person_time": person_time(matched.built.data.people) <= plan.alpha,
        "deaths_so_far": deaths_so_far(matched.built.data.people) <= plan.alpha,
        "crp_fell": marker_fell(records) <= plan.alpha,
        "crp_contrast": marker_contrast(cohort, matched.built, alpha=plan.alpha, seed=seed) <= plan.alpha,
        "refused": test.status is not Status.OK,
    }


def marker_fell(records: Records) -> float:
    """P of as large a fall of CRP in the treated, from before the first dose to a week after it, were there none.

    Two-sided sign flips of the log ratios of survivors with both values, 1 when it rose: what a series without
    controls would report.
    """
    first = records["infusions"].group_by("subject_id").agg(at=pl.col("started_at").min())
    values = records["measurements"].filter((pl.col("marker") == _MARKER) & (pl.col("value") > 0))
    of_treated = values.join(first, on="subject_id").with_columns(
        value=pl.col("value").cast(pl.Float64), day=(pl.col("collected_at") - pl.col("at")).dt.total_minutes() / 1440
    )
    before = of_treated.filter(pl.col("day").is_between(-2, 0)).group_by("subject_id").agg(pl.col("value").last())
    after = of_treated.filter(pl.col("day").is_between(6, 8)).group_by("subject_id").agg(pl.col("value").first())
    both = before.join(after, on="subject_id").sort("subject_id")
    change = np.log((both["value_right"] / both["value"]).to_numpy())
    if change.size == 0 or change.mean() >= 0:
        return 1.0
    return float(sign_flips(change[None, :])[0][0])


def marker_contrast(cohort: Cohort, built: Built, *, alpha: float, seed: int) -> float:
    """P of the contrast of CRP within the risk sets a week after the index day; 1 where it is hidden or refused."""
    courses = marker_courses(cohort, built, offsets=(_WEEK,))
    found = marker_course(courses, alpha=alpha, draws=_DRAWS, seed=seed)
    contrast = next((c for c in found.contrasts if c.marker == _MARKER), None)
    return 1.0 if contrast is None or contrast.p is None else contrast.p


def person_time(people: pl.DataFrame) -> float:
    """P of as few deaths among the ever treated, given all deaths, were they in proportion to days (binomial)."""
    ever, died = people["start_day"] < NEVER, people["event"] == 1
    days = people["end_day"] + 1
    deaths = (np.array([(died & ever).sum()]), np.array([died.sum()]))
    return float(binomial_at_most(*deaths, np.array([int(days.filter(ever).sum()) / int(days.sum())]))[0])


def deaths_so_far(people: pl.DataFrame) -> float:
    """P of as few deaths among the treated were the claimed 80 % true, open patients counted alive."""
    ever, died = people["start_day"] < NEVER, people["event"] == 1
    counted = (np.array([(died & ever).sum()]), np.array([ever.sum()]))
    return float(binomial_at_most(*counted, np.array([CLAIMED_MORTALITY]))[0])


def counts(protocol: Protocol, world: HospitalWorld, *, first: int = 0, trials: int, seed: int) -> Counter[str]:
    """How often each answer of ANSWERS was given in trials `first` to `first + trials - 1` of a world."""
    given: Counter[str] = Counter()
    for trial in range(first, first + trials):
        records, _ = _drawn(world.world, seed, trial)
        given.update(name for name, yes in judged(protocol, records, seed + trial).items() if yes)
    return given


def _drawn(world: World | MultistateSettings, seed: int, trial: int) -> tuple[Records, Truth]:
    why = Purpose.METHOD_VALIDATION
    if isinstance(world, World):
        return draw_hospital(world, seed=seed, trial=trial, purpose=why)
    return draw_multistate(world, seed=seed, trial=trial, purpose=why)


@dataclass(frozen=True, slots=True)
class Twins:
    """The infused against themselves without the infusion, by day 28."""

    infused: int
    saved: int  # dead without, alive with
    harmed: int  # alive without, dead with


def twins(world: HospitalWorld, *, trials: int, seed: int) -> Twins:
    """What cells that act do to each of the infused; a better course of inflammation can end worse."""
    infused = saved = harmed = 0
    for trial in range(trials):
        people = _drawn(world.world, seed, trial)[1].people.filter(pl.col("infused_day").is_not_null())
        died, would = (people[n].fill_null(NEVER) <= _HORIZON for n in ("death_day", "untreated_death_day"))
        infused += people.height
        saved += int((would & ~died).sum())
        harmed += int((died & ~would).sum())
    return Twins(infused, saved, harmed)
