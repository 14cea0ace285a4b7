"""Day sums of the two clones of every patient: "treated within the grace period" and "never by then".

One order on a day: what happens to an untreated patient comes first, then treatment, then the treated patient's own
event of that day. So day Z is untreated time in both clones, and a death on it counts in the treatment clone only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.logistic_fit import Ints, expit, logistic_fit
from onearm.estimators.person_covariates import PersonCovariates
from onearm.estimators.person_trials import in_clock_state

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Clones:
    """Who could be treated on each day of grace and what happened on each day, from entry on day 0.

    Arrays of shape (persons, grace + 1) or (persons, horizon + 1), 0 and 1 as numbers, people in person order.
    """

    grace: int
    could: Bools  # untreated before the day, no event by its end, in state V at its start (or treated on it)
    starts: Bools  # of `could`, treated on the day
    at_risk: Floats  # followed at the start of the day
    untreated: Floats  # of `at_risk`, in the clone "never by g" if its weight allows: untreated before days 0..g
    died: Floats
    left: Floats
    own_day: Floats  # the event of this day came after treatment on it: not the control clone's
    on_last: Bools  # of `starts`, on the last day of grace, (persons,)
    missed: Bools  # could be treated on the last day and was not: the treatment clone ends, (persons,)
    entered: Bools  # (persons,)
    stays: Bools  # entered, not treated on days 0..g, (persons,)


@dataclass(frozen=True, slots=True, eq=False)
class ArmSums:
    """Weighted sums per day 0..horizon of one clone."""

    at_risk: Floats
    died: Floats
    left: Floats


def clones(data: AnalysisSet, *, grace: int, horizon: int) -> Clones:
    """Clones of everybody in state V (when states are given) and followed at the start of day 0."""
    entered = (data.column("end_day") >= 0) & in_clock_state(data, 1)[:, 0]
    end, event, start = (data.column(name) for name in ("end_day", "event", "start_day"))
    day = np.arange(horizon + 1)
    at_risk = entered[:, None] & (end[:, None] >= day)
    last = at_risk & (end[:, None] == day)
    died, left = last & (event == 1)[:, None], last & (event == 2)[:, None]
    in_grace = day[: grace + 1]
    quiet = (at_risk & ~died & ~left)[:, : grace + 1]
    treated = start[:, None] == in_grace
    could = quiet & (start[:, None] >= in_grace) & (treated | in_clock_state(data, grace + 1))
    starts = could & treated
    kept = start[:, None] >= np.minimum(day, grace + 1)  # untreated before the day, by g afterwards
    return Clones(
        grace=grace,
        could=could,
        starts=starts,
        at_risk=at_risk.astype(np.float64),
        untreated=(at_risk & kept).astype(np.float64),
        died=died.astype(np.float64),
        left=left.astype(np.float64),
        own_day=((start <= grace)[:, None] & (start[:, None] == day)).astype(np.float64),
        on_last=starts[:, grace],
        missed=could[:, grace] & ~starts[:, grace],
        entered=entered,
        stays=entered & (start > grace),
    )


def daily_shares(who: Clones, times: Floats) -> Floats:
    """P(treated on the day | could be) on days 0..grace, nobody's features used; shape (1, grace + 1)."""
    could, starts = times @ who.could, times @ who.starts
    return np.asarray(starts / np.maximum(could, 1e-300))[None, :]


@dataclass(frozen=True, slots=True, eq=False)
class TreatmentModel:
    """Rows of the pooled logistic model of being treated on a day: constant, day, covariates centred at their mean."""

    x: Floats  # (person-days, columns)
    person: Ints
    day: Ints
    treated: Floats
    shape: tuple[int, int]  # (persons, grace + 1)

    def shares(self, times: Floats, start: Floats | None = None) -> tuple[Floats, Floats]:
        """Fitted P(treated on the day), shape (persons, grace + 1), and the coefficients. Raises NoLogisticMaximum."""
        weight = times[self.person]
        fit = logistic_fit(self.x, self.treated * weight, weight, start=start)
        p = np.zeros(self.shape)
        p[self.person, self.day] = expit(self.x @ fit.beta)
        return p, fit.beta


def treatment_model(who: Clones, given: PersonCovariates) -> TreatmentModel:
    """The model over all days on which somebody could be treated. Raises ValueError for a missing covariate."""
    person, day = (np.asarray(v, dtype=np.int64) for v in np.nonzero(who.could))
    covariates = given.at(person, day)
    line = [day - day.mean()] if who.grace and len(day) else []
    centred = covariates - covariates.mean(axis=0) if len(covariates) else covariates
    x = np.column_stack([np.ones(len(person)), *line, centred])
    return TreatmentModel(x, person, day, who.starts[person, day].astype(np.float64), who.could.shape)


def control_weights(who: Clones, share: Floats) -> Floats:
    """1 / P(not treated so far) at the start of days 0..grace + 1, (persons, grace + 2); 0 where nobody can stay."""
    left = np.cumprod(np.where(who.could, 1 - share, 1.0), axis=1)
    weight = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)
    return np.concatenate([np.ones((len(left), 1)), weight], axis=1)


def treatment_weights(who: Clones, share: Floats) -> Floats:
    """Weight after the grace period, (persons,): 1 if treated before its last day, or no longer to be treated on it."""
    last = np.broadcast_to(share, who.could.shape)[:, who.grace]
    on_last = np.divide(1.0, last, out=np.zeros(len(last)), where=last > 0)
    return np.where(who.on_last, on_last, np.where(who.missed, 0.0, 1.0))


def clone_day_weights(who: Clones, control: Floats, treated: Floats) -> Floats:
    """The weight of every day a clone is at risk, both clones, in no order; for a cap."""
    g = who.grace + 1
    late = np.broadcast_to(treated[:, None], who.at_risk[:, g:].shape)
    kept = np.broadcast_to(control[:, g:], who.at_risk[:, g:].shape)
    return np.concatenate(
        [
            control[:, :g][who.untreated[:, :g] > 0],
            kept[who.untreated[:, g:] > 0],
            np.ones(int(who.at_risk[:, :g].sum())),
            late[(who.at_risk[:, g:] > 0) & (late > 0)],
        ]
    )


def arm_sums(who: Clones, control: Floats, treated: Floats, times: Floats) -> tuple[ArmSums, ArmSums]:
    """Sums of the clones "treated by g" and "never by g"; `times`: how often each person counts, (persons,)."""
    g = who.grace + 1
    late = times * treated
    early = times[:, None] * control[:, :g] * who.untreated[:, :g]
    events = early * (1 - who.own_day[:, :g])
    kept = times * control[:, g] * who.untreated[:, g]

    def of_treated(what: Floats) -> Floats:
        return np.concatenate([times @ what[:, :g], late @ what[:, g:]])

    def of_control(what: Floats, weight: Floats) -> Floats:
        return np.concatenate([np.einsum("pd,pd->d", weight, what[:, :g]), kept @ what[:, g:]])

    return (
        ArmSums(of_treated(who.at_risk), of_treated(who.died), of_treated(who.left)),
        ArmSums(of_control(who.at_risk, early), of_control(who.died, events), of_control(who.left, events)),
    )


def arm_risk(arm: ArmSums) -> tuple[float, int]:
    """Cumulative incidence of death by the last day, leaving competes; and the last day it is known to."""
    at_risk = np.maximum(arm.at_risk, 1e-300)
    dead = np.where(arm.at_risk > 0, arm.died / at_risk, 0.0)
    gone = np.where(arm.at_risk > 0, (arm.died + arm.left) / at_risk, 0.0)
    remaining = np.concatenate([[1.0], np.cumprod(np.maximum(1 - gone, 0.0))[:-1]])
    unknown = np.flatnonzero((arm.at_risk <= 0) & (remaining > 1e-12))
    return float(remaining @ dead), int(unknown[0]) - 1 if len(unknown) else len(dead) - 1


def arm_hazard_ratio(treated: ArmSums, control: ArmSums) -> float | None:
    """Weighted Cox ratio of the treatment clone, Breslow ties, from day sums; None when one clone has no death."""
    if treated.died.sum() <= 0 or control.died.sum() <= 0:
        return None
    deaths, log_ratio = treated.died + control.died, 0.0
    days = deaths > 0
    deaths, odds = deaths[days], treated.at_risk[days] / np.maximum(control.at_risk[days], 1e-300)
    for _ in range(100):
        share = 1 - 1 / (1 + np.exp(log_ratio) * odds)
        curvature = float(deaths @ (share * (1 - share)))
        if curvature <= 0:
            return None
        step = float(np.clip((treated.died.sum() - deaths @ share) / curvature, -2, 2))
        log_ratio += step
        if abs(step) < 1e-11:
            return float(np.exp(log_ratio))
    return None
