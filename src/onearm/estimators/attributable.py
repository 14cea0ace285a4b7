"""Deaths averted among the treated: an exact integer interval (Rosenbaum, Biometrika 2001;88:219).

For every number A a hypothesis says which A survivors would have died untreated (A < 0: which of the dead would have
lived). Undo it, test as in `risk_set_test`, and keep A while some choice is not rejected in either tail.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy
from onearm.estimators.risk_set_test import (
    ASSUMPTIONS,
    FEWEST_TREATED,
    ControlsLost,
    RiskSetCounts,
    TreatedLost,
    poisson_binomial,
    risk_set_counts,
)
from onearm.results.status import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST_ENUMERATED = 20


@dataclass(frozen=True, slots=True)
class Attributable:
    """Deaths averted among the matched treated; negative = caused."""

    averted: float | None = None  # point value E - t, expected minus observed deaths
    lower: int | None = None  # least number of deaths averted that is not rejected
    upper: int | None = None
    kept: tuple[int, ...] = ()  # all of them; a gap would show here
    observed: int | None = None  # t
    n_matched: int = 0
    level: float = 0.95  # two-sided
    approximate: bool = False  # beyond 20 treated the choice of patients is ranked, not enumerated
    sentence: str = ""  # "between 1 more and 7 fewer deaths"
    method: str = "attributable deaths within risk sets, exact, all choices of patients"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Deaths averted, E - t; None exactly when status is not OK (the interval may still be reported)."""
        return self.averted if self.status is Status.OK else None


def attributable(
    data: AnalysisSet,
    *,
    level: float = 0.95,
    treated_lost: TreatedLost = "dead",
    controls_lost: ControlsLost = "alive",
) -> Attributable:
    """Interval for the deaths averted among the treated of `data`."""
    return attributable_of_counts(
        risk_set_counts(data, treated_lost=treated_lost, controls_lost=controls_lost), level=level
    )


def attributable_of_counts(counts: RiskSetCounts, *, level: float = 0.95) -> Attributable:
    """The result from counts. Same refusals as `risk_set_test`."""
    n = len(counts.person)
    status, remedy = Status.OK, ""
    if counts.misaligned:
        status, remedy = Status.REFUSED, misaligned_remedy(counts.misaligned)
    elif not n:
        alone = "No treated patient has a control: add similar cases or widen the matching."
        status, remedy = (Status.ONE_ARM, alone) if counts.unmatched else (Status.NO_PATIENTS, NO_TREATED)
    elif counts.unmatched:
        remedy = f"No control for {', '.join(counts.unmatched)}; the interval is of the matched part."
        status = Status.REFUSED
    elif n < FEWEST_TREATED:
        status, remedy = Status.TOO_FEW, f"{n} treated: report without a claim; a claim needs {FEWEST_TREATED}."
    result = Attributable(n_matched=n, level=level, status=status, remedy=remedy)
    if counts.misaligned or not n:
        return result
    deaths, controls = np.array(counts.deaths), np.array(counts.controls)
    died = np.array(counts.treated_died, dtype=np.bool_)
    kept = kept_numbers(deaths, controls, died, level=level)
    ranked = n > LARGEST_ENUMERATED
    return replace(
        result,
        averted=float(counts.pi.sum()) - counts.t,
        lower=min(kept),
        upper=max(kept),
        kept=kept,
        observed=counts.t,
        approximate=ranked,
        sentence=in_words(min(kept), max(kept)),
        method=result.method if not ranked else "attributable deaths within risk sets, approximate: ranked choices",
    )


def in_words(lower: int, upper: int) -> str:
    """The interval as a reader says it."""

    def side(averted: int) -> str:
        return "no difference" if averted == 0 else f"{abs(averted)} {'fewer' if averted > 0 else 'more'}"

    return f"between {side(lower)} and {side(upper)} deaths" if upper != 0 else f"between {side(lower)} deaths and none"


def kept_numbers(deaths: Ints, controls: Ints, died: NDArray[np.bool_], *, level: float = 0.95) -> tuple[int, ...]:
    """All A from -t to n_t - t that are not rejected; arrays of shape (n_t,)."""
    t, n = int(died.sum()), len(died)
    extremes = _enumerated if n <= LARGEST_ENUMERATED else _ranked
    tail = (1 - level) / 2
    kept = []
    for sign, open_to_change in ((-1, died), (1, ~died)):
        size = int(open_to_change.sum())
        low, high = extremes(deaths, controls, open_to_change, sign, t)
        for a in range(0 if sign > 0 else 1, size + 1):
            if low[a] > tail and high[a] > tail:
                kept.append(sign * a)
    return tuple(sorted(kept))


def _enumerated(
    deaths: Ints, controls: Ints, changeable: NDArray[np.bool_], sign: int, t: int
) -> tuple[Floats, Floats]:
    """Largest P(T0 <= t + A) and P(T0 >= t + A) over all choices of |A| patients, for |A| = 0..changeable.

    Two halves of the patients: all choices in each, then every pair of halves by a matrix product of masses and
    cumulative masses.
    """
    size, n = int(changeable.sum()), len(deaths)
    parts = [_half(deaths[k], controls[k], changeable[k], sign) for k in (slice(0, n // 2), slice(n // 2, n))]
    (first, first_size), (second, second_size) = parts
    low, high = np.zeros((2, size + 1))
    cumulative = np.concatenate([np.zeros((len(second), 1)), np.cumsum(second, axis=1)], axis=1)
    for a in range(size + 1):
        k = t + sign * a
        reach = k - np.arange(first.shape[1])  # the second half may have up to this many
        below = cumulative[:, np.clip(reach + 1, 0, second.shape[1])]
        above = cumulative[:, -1:] - cumulative[:, np.clip(reach, 0, second.shape[1])]
        for j in range(a + 1):
            mine, other = first[first_size == j], second_size == a - j
            if len(mine) and other.any():
                low[a] = max(low[a], float((mine @ below[other].T).max()))
                high[a] = max(high[a], float((mine @ above[other].T).max()))
    return low, high


def _half(deaths: Ints, controls: Ints, changeable: NDArray[np.bool_], sign: int) -> tuple[Floats, Ints]:
    """Masses (choices, patients + 1) and number of changed patients (choices,) for every choice among these."""
    where = np.flatnonzero(changeable)
    choice = (np.arange(2 ** len(where))[:, None] >> np.arange(len(where))) & 1
    changed = np.tile(deaths, (len(choice), 1))
    changed[:, where] += sign * choice
    return poisson_binomial(changed / (controls + 1)), choice.sum(1)


def _ranked(deaths: Ints, controls: Ints, changeable: NDArray[np.bool_], sign: int, t: int) -> tuple[Floats, Floats]:
    """As `_enumerated`, with patients taken in order of their effect on the mean, then on the variance."""
    where = np.flatnonzero(changeable)
    before, after = deaths[where] / (controls[where] + 1), (deaths[where] + sign) / (controls[where] + 1)
    shift, spread = after - before, after * (1 - after) - before * (1 - before)
    answer = []
    for order, is_low in ((np.lexsort((-spread, shift)), True), (np.lexsort((-spread, -shift)), False)):
        changed = np.tile(deaths, (len(where) + 1, 1))
        for a in range(1, len(where) + 1):
            changed[a:, where[order[a - 1]]] += sign
        cumulative = np.cumsum(poisson_binomial(changed / (controls + 1)), axis=1)
        k = t + sign * np.arange(len(where) + 1)
        row = np.arange(len(k))
        at_most, fewer = cumulative[row, k], np.where(k > 0, cumulative[row, np.maximum(k - 1, 0)], 0.0)
        answer.append(at_most if is_low else 1 - fewer)
    return answer[0], answer[1]
