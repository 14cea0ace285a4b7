"""What may confound, as numbers by day: the covariates of the prognostic score and of every balance table.

A word with two answers is 1 for yes (sex: male), an episode kind 1 while it goes on, a number with bounds the middle of
them. What has more than two answers (site, region) is matched on, not modelled.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.build import Built, Cohort
from onearm.cohort.patient_facts import PatientFacts
from onearm.protocol.eligibility import FIXED, Asked, asked_name
from onearm.protocol.study import Confounder
from onearm.records.subjects import COMORBIDITIES

CARRIED_DAYS = 7  # a measured value stands for this long
_TWO_ANSWERS = {"sex": "male", **dict.fromkeys(COMORBIDITIES, "yes")}


@dataclass(frozen=True, slots=True, eq=False)
class DayCovariates:
    """Covariates of everybody in a cohort at the start of each day."""

    names: tuple[str, ...]
    x: NDArray[np.float32]  # (persons of all groups, days, covariates); NaN: not known


def day_covariates(cohort: Cohort, confounders: tuple[Confounder, ...], days: int) -> DayCovariates:
    """Values of the confounders of the protocol on days 0..days-1."""
    named = [c.name for c in confounders]
    names = tuple(n for n in named if has_number(n))
    shape = (sum(g.facts.persons for g in cohort.groups), days, len(names))
    x = np.full(shape, np.nan, dtype=np.float32)
    for group in cohort.groups:
        rows = slice(group.offset, group.offset + group.facts.persons)
        for k, name in enumerate(names):
            if name in FIXED:
                x[rows, :, k] = _values(group.facts, name, 0)[:, None]
                continue
            for day in range(days):
                x[rows, day, k] = _values(group.facts, name, day)
    return DayCovariates(names, x)


def with_covariates(built: Built, covariates: DayCovariates) -> Built:
    """The same set, its people with their covariates."""
    return replace(built, data=replace(built.data, covariates=covariates.names, x=covariates.x[built.rows]))


def has_number(name: str) -> bool:
    """Whether a confounder can enter the score: a number, a word with two answers or an episode kind."""
    kind = asked_name(name)
    return kind is not None and (kind is not Asked.WORD or name in _TWO_ANSWERS)


def _values(facts: PatientFacts, name: str, day: int) -> NDArray[np.float64]:
    kind = asked_name(name)
    if kind in (Asked.NUMBER, Asked.DATE):
        low, high = facts.number(name, day, CARRIED_DAYS)
        bounded = np.isfinite(low) & np.isfinite(high)
        with np.errstate(invalid="ignore"):
            middle = (low + high) / 2
        return np.where(bounded, middle, np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, np.nan)))
    told = facts.word(name) if kind is Asked.WORD else facts.going_on(name, day)
    yes = told == _TWO_ANSWERS[name] if kind is Asked.WORD else told
    return np.where(told.is_null().to_numpy(), np.nan, yes.fill_null(False).to_numpy().astype(np.float64))
