"""How often the exact test of this very study would be wrong, and how often it would see an effect.

Pseudo-treated draws: in every risk set one control at random stands in for the treated patient, so start days, sets
and follow-up are those of the study. Nothing was given to them: the share of p <= alpha is the false-positive rate. An
effect is put in by thinning their daily death hazards: a death is kept with probability HR; whoever is spared meets the
pooled untreated hazards of the days after, times HR.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import SetPairs, TreatedFollowUp, in_person_order, set_pairs, treated_follow_up
from onearm.estimators.risk_set_test import poisson_binomial
from onearm.estimators.untreated_hazard import untreated_counts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST_CONTROLS = 2  # one to stand in, one to compare with


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Shares of draws in which the one-sided exact test reached alpha."""

    draws: int
    n_treated: int
    alpha: float
    rejected: tuple[tuple[float, int], ...]  # (hazard ratio put in, draws that rejected); 1 = nothing works


def error_rates(
    data: AnalysisSet, *, draws: int, seed: int, alpha: float = 0.05, hazard_ratios: tuple[float, ...] = (1.0, 0.5, 0.2)
) -> ErrorRates | None:
    """Rates of the primary test on pseudo-treated draws; None when a set has fewer than two controls."""
    data = in_person_order(data)
    treated = treated_follow_up(data)
    pairs = set_pairs(data, treated)
    m = np.bincount(pairs.which, minlength=len(treated.row))
    if not len(m) or pairs.misaligned or m.min() < LEAST_CONTROLS:
        return None
    world = _World.of(data, treated, pairs)
    rng = np.random.Generator(np.random.Philox(key=seed))
    rejected = np.zeros(len(hazard_ratios), dtype=np.int64)
    kept = np.stack([world.kept(ratio) for ratio in hazard_ratios])  # (ratios, pairs): a death stays a death
    for _ in range(draws):
        stand_in = world.draw(rng)
        chance = rng.random(len(stand_in))
        rejected += world.p_values(stand_in, chance < kept[:, stand_in]) <= alpha
    told = tuple((ratio, int(k)) for ratio, k in zip(hazard_ratios, rejected, strict=True))
    return ErrorRates(draws, len(m), alpha, told)


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """Sets of the study as arrays over pairs, in order of set; nothing of the treated but their days."""

    first: Ints  # first pair of each set, and one past the last
    which: Ints  # set of each pair
    person: Ints  # control of each pair
    start: Ints  # index day of each set
    end: Ints  # last day of each control
    last: Ints  # Z + h of each pair's set
    died: NDArray[np.bool_]
    death: Floats  # pooled untreated hazard of death by day
    leave: Floats

    @classmethod
    def of(cls, data: AnalysisSet, treated: TreatedFollowUp, pairs: SetPairs) -> "_World":
        order = np.lexsort((pairs.control, pairs.which))
        which, person = pairs.which[order], pairs.control[order]
        end, event = data.column("end_day")[person], data.column("event")[person]
        last = (treated.start + treated.horizon)[which]
        size = len(treated.row)
        death, leave = _untreated_hazards(data, int(last.max()) + 1)
        return cls(
            first=np.concatenate([[0], np.cumsum(np.bincount(which, minlength=size))]),
            which=which,
            person=person,
            start=treated.start,
            end=end,
            last=last,
            died=np.asarray((event == 1) & (end <= last)),
            death=death,
            leave=leave,
        )

    def kept(self, ratio: float) -> Floats:
        """Probability that the death of each pair is still a death by Z + h under the hazard ratio."""
        later = np.zeros(len(self.which))
        alive = np.ones(len(self.which))
        for d in range(int(self.last.max()) + 1):
            now = self.died & (d > self.end) & (d <= self.last)
            dies = alive * ratio * self.death[d] * now
            later += dies
            alive = np.where(now, alive - dies - alive * self.leave[d], alive)
        return np.asarray(np.where(self.died, ratio + (1 - ratio) * later, 0.0), dtype=np.float64)

    def draw(self, rng: np.random.Generator) -> Ints:
        """One pair per set, nobody twice where that can be had."""
        sets = len(self.first) - 1
        chosen, taken = np.zeros(sets, dtype=np.int64), set[int]()
        for i in rng.permutation(sets):
            pairs = np.arange(self.first[i], self.first[i + 1])
            free = [k for k in pairs[rng.permutation(len(pairs))[:50]] if int(self.person[k]) not in taken]
            chosen[i] = free[0] if free else pairs[0]
            taken.add(int(self.person[chosen[i]]))
        return chosen

    def p_values(self, stand_in: Ints, dies: NDArray[np.bool_]) -> Floats:
        """One-sided p of each world; `dies` has shape (worlds, sets)."""
        begun = np.full(int(self.person.max()) + 1, np.iinfo(np.int64).max)
        np.minimum.at(begun, self.person[stand_in], self.start)
        control = begun[self.person] > self.start[self.which]  # not (pseudo-)treated up to and on that day
        sets = len(stand_in)
        m = np.bincount(self.which[control], minlength=sets)
        dead = np.bincount(self.which[control & self.died], minlength=sets)
        mass = poisson_binomial((dead + dies) / (m + 1))
        t = dies.sum(axis=1)
        below = np.cumsum(mass, axis=1)
        return np.asarray(below[np.arange(len(t)), t], dtype=np.float64)


def _untreated_hazards(data: AnalysisSet, days: int) -> tuple[Floats, Floats]:
    """Daily hazards of death and of leaving over all untreated person-days, shape (days,); 0 once nobody is left."""
    at_risk, *events = untreated_counts(data)
    known = min(len(at_risk), days)
    hazards = np.zeros((2, days))
    hazards[:, :known] = np.stack(events)[:, :known] / at_risk[:known]
    return hazards[0], hazards[1]
