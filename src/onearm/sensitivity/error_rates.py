"""How often the exact test of this very study would be wrong, and how often it would see an effect.

Pseudo-treated draws: in every risk set one control at random stands in for the treated patient, so start days, sets
and follow-up are those of the study. With a prognostic score the stand-in is one of the matched controls, and is
matched anew, within the same caliper, to whoever was there that day. Nothing was given to them: the share of
p <= alpha is the false-positive rate. An effect is put in by thinning their daily death hazards: a death is kept with
probability HR; whoever is spared meets the pooled untreated hazards of the days after, times HR.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import SetPairs, TreatedFollowUp, set_pairs, treated_follow_up
from onearm.estimators.risk_set_test import poisson_binomial
from onearm.estimators.untreated_hazard import untreated_counts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LEAST_CONTROLS = 2  # one to stand in, one to compare with
AT_A_TIME = 4_000_000  # cells of draws x pairs


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Shares of draws in which the one-sided exact test reached alpha."""

    draws: int
    n_treated: int
    alpha: float
    rejected: tuple[tuple[float, int], ...]  # (hazard ratio put in, draws that rejected); 1 = nothing works

    @property
    def false_positive(self) -> float:
        """Share of draws that rejected although nothing was given."""
        return dict(self.rejected)[1.0] / self.draws


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCaliper:
    """The matching to repeat: one entry per row of `sets` with a control."""

    score: Floats  # logit m0 of the control on that day
    matched: Bools  # whether it is matched to the treated patient
    width: float  # largest difference
    least: int  # where fewer than this are within the width: so many of the nearest ...
    farthest: float  # ... up to this difference


def error_rates(
    data: AnalysisSet,
    *,
    draws: int,
    seed: int,
    alpha: float = 0.05,
    hazard_ratios: tuple[float, ...] = (1.0, 0.5, 0.2),
    caliper: ScoreCaliper | None = None,
) -> ErrorRates | None:
    """Rates of the primary test on pseudo-treated draws of the sets on the day.

    Sets of fewer than two controls are left out; None when that leaves none.
    """
    treated = treated_follow_up(data)
    pairs = set_pairs(data, treated)
    enough = np.bincount(pairs.which, minlength=len(treated.row)) >= LEAST_CONTROLS
    if pairs.misaligned or not enough.any():
        return None
    treated, pairs = _only(enough, treated, pairs)
    world = _World.of(data, treated, pairs, caliper)
    rng = np.random.Generator(np.random.Philox(key=seed))
    rejected = np.zeros(len(hazard_ratios), dtype=np.int64)
    kept = np.stack([world.kept(ratio) for ratio in hazard_ratios])  # (ratios, pairs): a death stays a death
    at_once, left = max(1, AT_A_TIME // len(world.which)), draws
    while left:
        stand_in = world.draw(rng, min(at_once, left))
        chance = rng.random(stand_in.shape)
        rejected += (world.p_values(stand_in, chance < kept[:, stand_in]) <= alpha).sum(axis=1)
        left -= len(stand_in)
    told = tuple((ratio, int(k)) for ratio, k in zip(hazard_ratios, rejected, strict=True))
    return ErrorRates(draws, int(enough.sum()), alpha, told)


def _only(kept: Bools, treated: TreatedFollowUp, pairs: SetPairs) -> tuple[TreatedFollowUp, SetPairs]:
    """The treated for whom `kept` holds, and their pairs."""
    rows = {name: getattr(treated, name)[kept] for name in ("row", "start", "end", "event", "horizon")}
    names = tuple(p for p, k in zip(treated.person, kept.tolist(), strict=True) if k)
    inside = kept[pairs.which]
    which = (np.cumsum(kept) - 1)[pairs.which[inside]]
    return replace(treated, person=names, **rows), replace(
        pairs, which=which, control=pairs.control[inside], row=pairs.row[inside]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """Sets of the study as arrays over pairs, in order of set; nothing of the treated but their days."""

    first: Ints  # first pair of each set
    size: Ints  # pairs of each set
    which: Ints  # set of each pair
    person: Ints  # control of each pair
    persons: int
    start: Ints  # index day of each set
    end: Ints  # last day of each control
    last: Ints  # Z + h of each pair's set
    died: Bools
    death: Floats  # pooled untreated hazard of death by day
    leave: Floats
    caliper: ScoreCaliper | None  # its arrays in the order of the pairs
    stand_ins: Ints  # pairs that may stand in, in order of set
    first_stand_in: Ints  # of each set, in `stand_ins`
    n_stand_ins: Ints

    @classmethod
    def of(
        cls, data: AnalysisSet, treated: TreatedFollowUp, pairs: SetPairs, caliper: ScoreCaliper | None = None
    ) -> "_World":
        rank = np.argsort(np.argsort(data.people["person"].to_numpy(), kind="stable"), kind="stable")
        order = np.lexsort((rank[pairs.control], pairs.which))
        which, person, row = pairs.which[order], pairs.control[order], pairs.row[order]
        end, event = data.column("end_day")[person], data.column("event")[person]
        last = (treated.start + treated.horizon)[which]
        sets = len(treated.row)
        size = np.bincount(which, minlength=sets)
        may = np.ones(len(which), dtype=np.bool_)
        if caliper is not None:
            may = caliper.matched[row]
            may |= (np.bincount(which, weights=may, minlength=sets) == 0)[which]  # nobody matched: anybody stands in
        n_stand_ins = np.bincount(which, weights=may, minlength=sets).astype(np.int64)
        death, leave = _untreated_hazards(data, int(last.max()) + 1)
        return cls(
            first=np.cumsum(size) - size,
            size=size,
            which=which,
            person=person,
            persons=data.people.height,
            start=treated.start,
            end=end,
            last=last,
            died=np.asarray((event == 1) & (end <= last)),
            death=death,
            leave=leave,
            caliper=None if caliper is None else replace(caliper, score=caliper.score[row], matched=may),
            stand_ins=np.flatnonzero(may),
            first_stand_in=np.cumsum(n_stand_ins) - n_stand_ins,
            n_stand_ins=n_stand_ins,
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

    def draw(self, rng: np.random.Generator, draws: int) -> Ints:
        """One pair per set, shape (draws, sets); somebody drawn twice is drawn again, a few times."""
        chosen = self._any(rng, (draws, len(self.size)))
        for _ in range(10):
            persons = self.person[chosen]
            order = np.argsort(persons, axis=1, kind="stable")
            in_order = np.take_along_axis(persons, order, axis=1)
            twice = np.zeros(chosen.shape, dtype=np.bool_)
            again = np.concatenate([np.zeros((draws, 1), dtype=np.bool_), in_order[:, 1:] == in_order[:, :-1]], axis=1)
            np.put_along_axis(twice, order, again, axis=1)
            if not twice.any():
                break
            chosen = np.where(twice, self._any(rng, chosen.shape), chosen)
        return chosen

    def _any(self, rng: np.random.Generator, shape: tuple[int, int]) -> Ints:
        return self.stand_ins[self.first_stand_in + (rng.random(shape) * self.n_stand_ins).astype(np.int64)]

    def p_values(self, stand_in: Ints, dies: Bools) -> Floats:
        """One-sided p of each world and draw; `stand_in` (draws, sets), `dies` (worlds, draws, sets)."""
        draws = len(stand_in)
        never = int(self.start.max()) + 1
        begun = np.full((draws, self.persons), never, dtype=np.int32)
        np.minimum.at(begun, (np.arange(draws)[:, None], self.person[stand_in]), self.start.astype(np.int32))
        control = begun[:, self.person] > self.start[self.which]  # not (pseudo-)treated up to and on that day
        if self.caliper is not None:
            score = self.caliper.score
            control &= self._alike(np.where(control, np.abs(score - score[stand_in][:, self.which]), np.inf))
        m, dead = (np.add.reduceat(c, self.first, axis=1, dtype=np.int64) for c in (control, control & self.died))
        dies = dies & (m > 0)
        mass = poisson_binomial(np.where(m > 0, (dead + dies) / (m + 1), 0.0))  # an unmatched set cannot die
        t = dies.sum(axis=2)
        return np.asarray(np.take_along_axis(np.cumsum(mass, axis=2), t[..., None], axis=2)[..., 0])

    def _alike(self, distance: Floats) -> Bools:
        """Pairs within the width, else the nearest ones; `distance` (draws, pairs), inf for who is no control."""
        rule = self.caliper
        assert rule is not None
        inside: Bools = distance <= rule.width
        short = np.add.reduceat(inside, self.first, axis=1, dtype=np.int64) < rule.least
        for i in np.flatnonzero(short.any(axis=0)):
            draws, pairs = short[:, i], slice(self.first[i], self.first[i] + self.size[i])
            near = distance[draws, pairs]
            last = min(rule.least, near.shape[1]) - 1
            reach = np.minimum(np.partition(near, last, axis=1)[:, last], rule.farthest)
            inside[draws, pairs] = near <= reach[:, None]
        return inside & np.isfinite(distance)


def _untreated_hazards(data: AnalysisSet, days: int) -> tuple[Floats, Floats]:
    """Daily hazards of death and of leaving over all untreated person-days, shape (days,); 0 once nobody is left."""
    at_risk, *events = untreated_counts(data)
    known = min(len(at_risk), days)
    hazards = np.zeros((2, days))
    hazards[:, :known] = np.stack(events)[:, :known] / at_risk[:known]
    return hazards[0], hazards[1]
