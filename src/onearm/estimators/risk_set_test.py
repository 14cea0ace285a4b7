"""Exact test of the treated against their risk sets: deaths as a sum of unequal coins (Poisson-binomial).

Under "the treatment changed nobody" and an equal chance of treatment within set i (m_i controls, D_i deaths
counting the treated), the treated patient is a dead one with pi_i = D_i / (m_i + 1).
Hidden bias Gamma: Rosenbaum, Observational Studies (2002), chapter 4.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import NO_TREATED, misaligned_remedy, set_pairs, treated_follow_up
from onearm.results.status import Status

LARGEST_GAMMA = 20.0
FEWEST_TREATED = 8  # below it the numbers are reported and no claim is made
ASSUMPTIONS = (
    "within a set every patient was equally likely to be treated on that day",
    "no anticipation of treatment",
    "sets independent (a control in several sets makes the level approximate)",
)
TreatedLost = Literal["dead", "alive", "dropped"]
ControlsLost = Literal["alive", "dropped"]


@dataclass(frozen=True, slots=True)
class RiskSetCounts:
    """What the test needs of each matched treated patient, in order of person."""

    person: tuple[str, ...]  # treated patients with at least one control
    treated_died: tuple[bool, ...]  # by Z + h_i, lost ones as asked
    controls: tuple[int, ...]  # m_i
    deaths: tuple[int, ...]  # D_i, the treated counted
    unmatched: tuple[str, ...]  # treated patients without a control
    left_out: tuple[str, ...]  # lost treated patients, dropped with their set as asked
    misaligned: tuple[str, ...]  # treated patients whose index day or controls cannot be right

    @property
    def t(self) -> int:
        """Deaths among the matched treated."""
        return sum(self.treated_died)

    @property
    def pi(self) -> NDArray[np.float64]:
        """D_i / (m_i + 1), shape (n_t,)."""
        return chance(np.array(self.deaths), np.array(self.controls))


@dataclass(frozen=True, slots=True)
class RiskSetTest:
    """Exact one-sided test for fewer deaths, with its mirror for harm and the hidden bias it withstands."""

    n_treated: int = 0  # all treated patients, matched or not
    n_matched: int = 0
    n_controls: int = 0  # sum of m_i: a control counts once per set
    observed: int | None = None  # t, deaths among the matched treated
    expected: float | None = None  # E = sum of pi_i
    p: float | None = None  # P(T <= t), one-sided for benefit; None when nobody is matched
    mid_p: float | None = None  # P(T < t) + P(T = t)/2
    p_harm: float | None = None  # P(T >= t)
    mid_p_harm: float | None = None
    p_worst_case: tuple[tuple[float, float], ...] = ()  # (Gamma, largest p for benefit at that hidden bias)
    p_harm_worst_case: tuple[tuple[float, float], ...] = ()
    gamma_star: float | None = None  # Gamma at which p passes alpha; None: see gamma_star_text
    gamma_star_text: str = ""  # "none" (p > alpha without bias), ">20", or the number with four decimals
    gamma_star_harm: float | None = None
    gamma_star_harm_text: str = ""
    alpha: float = 0.05  # one-sided
    counts: RiskSetCounts | None = None
    same_day: str = "index"  # "index": controls there at the start of Z; "after": at the start of Z+1
    treated_lost: TreatedLost = "dead"
    controls_lost: ControlsLost = "alive"
    method: str = "exact Poisson-binomial within risk sets, index day Z: events on Z..Z+h"
    assumptions: tuple[str, ...] = ASSUMPTIONS
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """One-sided p for benefit; None exactly when status is not OK (p itself may still be reported)."""
        return self.p if self.status is Status.OK else None


def risk_set_test(
    data: AnalysisSet,
    *,
    alpha: float = 0.05,
    gammas: tuple[float, ...] = (1.0, 1.25, 1.5, 2.0),
    treated_lost: TreatedLost = "dead",
    controls_lost: ControlsLost = "alive",
) -> RiskSetTest:
    """Deaths of the treated against equal chances within their risk sets."""
    counts = risk_set_counts(data, treated_lost=treated_lost, controls_lost=controls_lost)
    return risk_set_test_of_counts(
        counts,
        alpha=alpha,
        gammas=gammas,
        same_day=data.same_day,
        treated_lost=treated_lost,
        controls_lost=controls_lost,
    )


def risk_set_test_of_counts(
    counts: RiskSetCounts,
    *,
    alpha: float = 0.05,
    gammas: tuple[float, ...] = (1.0, 1.25, 1.5, 2.0),
    same_day: str = "index",
    treated_lost: TreatedLost = "dead",
    controls_lost: ControlsLost = "alive",
) -> RiskSetTest:
    """The result from counts: `risk_set_test` without an AnalysisSet."""
    status, remedy = _status(counts)
    result = RiskSetTest(
        n_treated=len(counts.person) + len(counts.unmatched) + len(counts.left_out),
        n_matched=len(counts.person),
        n_controls=sum(counts.controls),
        alpha=alpha,
        counts=counts,
        same_day=same_day,
        treated_lost=treated_lost,
        controls_lost=controls_lost,
        status=status,
        remedy=remedy,
    )
    if not counts.person or counts.misaligned:
        return result
    deaths, controls, t = np.array(counts.deaths), np.array(counts.controls), counts.t
    p, mid, p_harm, mid_harm = (float(v) for v in tails(counts.pi, t))
    star, star_text = gamma_star(deaths, controls, t, alpha)
    harm_star, harm_text = gamma_star(deaths, controls, t, alpha, harm=True)
    return replace(
        result,
        observed=t,
        expected=float(counts.pi.sum()),
        p=p,
        mid_p=mid,
        p_harm=p_harm,
        mid_p_harm=mid_harm,
        p_worst_case=tuple((g, worst_case_p(deaths, controls, t, g)) for g in gammas),
        p_harm_worst_case=tuple((g, worst_case_p(deaths, controls, t, g, harm=True)) for g in gammas),
        gamma_star=star,
        gamma_star_text=star_text,
        gamma_star_harm=harm_star,
        gamma_star_harm_text=harm_text,
    )


def _status(counts: RiskSetCounts) -> tuple[Status, str]:
    """The gravest refusal first, so that the remedy names what to repair first."""
    if counts.misaligned:
        return Status.REFUSED, misaligned_remedy(counts.misaligned)
    if not counts.person and not counts.unmatched:
        return Status.NO_PATIENTS, NO_TREATED
    if not counts.person:
        return Status.ONE_ARM, "No treated patient has a control: add similar cases or widen the matching."
    if counts.unmatched:
        remedy = f"No control for {', '.join(counts.unmatched)}; figures are of the matched part. Widen the matching."
        return Status.REFUSED, remedy
    if len(counts.person) < FEWEST_TREATED:
        return Status.TOO_FEW, f"{len(counts.person)} treated: report without a claim; a claim needs {FEWEST_TREATED}."
    return Status.OK, ""


def risk_set_counts(
    data: AnalysisSet, *, treated_lost: TreatedLost = "dead", controls_lost: ControlsLost = "alive"
) -> RiskSetCounts:
    """t, m_i and D_i of the sets of `data`.

    Deaths are events 1 with T <= Z_i + h_i, for controls over the same days as for their treated patient; lost = open
    (event 0) with T < Z_i + h_i. With `same_day="after"` a control whose last day is Z_i is not in the set.
    """
    treated = treated_follow_up(data)
    pairs = set_pairs(data, treated)
    end, event = (data.column(name)[pairs.control] for name in ("end_day", "event"))
    last = (treated.start + treated.horizon)[pairs.which]
    kept = np.ones(len(last), dtype=np.bool_)
    if controls_lost == "dropped":
        kept = ~((event == 0) & (end < last))
    size = len(treated.row)
    m = np.bincount(pairs.which[kept], minlength=size)
    died = treated.died | (treated.lost & (treated_lost == "dead"))
    d = died + np.bincount(pairs.which[kept & (event == 1) & (end <= last)], minlength=size)
    out = treated.lost & (treated_lost == "dropped")
    names = np.array(treated.person, dtype=object)
    matched = (m > 0) & ~out
    return RiskSetCounts(
        person=tuple(names[matched]),
        treated_died=tuple(bool(v) for v in died[matched]),
        controls=tuple(int(v) for v in m[matched]),
        deaths=tuple(int(v) for v in d[matched]),
        unmatched=tuple(names[(m == 0) & ~out]),
        left_out=tuple(names[out]),
        misaligned=pairs.misaligned,
    )


def chance(
    deaths: NDArray[np.int64], controls: NDArray[np.int64], gamma: float | NDArray[np.float64] = 1.0
) -> NDArray[np.float64]:
    """Least pi_i at hidden bias `gamma` >= 1, D / (D + gamma (m + 1 - D)): worst for a benefit. gamma 1: D / (m + 1).

    `gamma` below 1 gives the largest pi_i at bias 1/gamma, worst for harm; it may be an array that broadcasts.
    """
    alive = controls + 1 - deaths
    return np.asarray(deaths / (deaths + gamma * alive), dtype=np.float64)


def poisson_binomial(pi: NDArray[np.float64]) -> NDArray[np.float64]:
    """Masses of the number of successes, shape (..., n) -> (..., n + 1), by convolution, exact up to rounding."""
    n = pi.shape[-1]
    mass = np.zeros((*pi.shape[:-1], n + 1))
    mass[..., 0] = 1.0
    for k in range(n):
        p = pi[..., k, None]
        moved = mass[..., : k + 1] * p
        mass[..., : k + 1] -= moved
        mass[..., 1 : k + 2] += moved
    return mass


def tails(pi: NDArray[np.float64], t: int) -> tuple[NDArray[np.float64], ...]:
    """P(T <= t), mid-p of it, P(T >= t), mid-p of it; each of shape pi.shape[:-1]."""
    mass = poisson_binomial(pi)
    low, point, high = mass[..., :t].sum(-1), mass[..., t], mass[..., t + 1 :].sum(-1)
    return np.minimum(low + point, 1.0), low + point / 2, np.minimum(high + point, 1.0), high + point / 2


def worst_case_p(
    deaths: NDArray[np.int64], controls: NDArray[np.int64], t: int, gamma: float, *, harm: bool = False
) -> float:
    """Largest one-sided p at hidden bias `gamma`: P(T <= t) for a benefit, P(T >= t) for harm."""
    pi = chance(deaths, controls, 1 / gamma if harm else gamma)
    return float(tails(pi, t)[2 if harm else 0])


def gamma_star(
    deaths: NDArray[np.int64], controls: NDArray[np.int64], t: int, alpha: float = 0.05, *, harm: bool = False
) -> tuple[float | None, str]:
    """Gamma in 1..20 at which the worst-case p reaches alpha, and its text: "none", ">20" or four decimals."""
    if worst_case_p(deaths, controls, t, 1.0, harm=harm) > alpha:
        return None, "none"
    if worst_case_p(deaths, controls, t, LARGEST_GAMMA, harm=harm) <= alpha:
        return None, f">{LARGEST_GAMMA:.0f}"
    low, high = 1.0, LARGEST_GAMMA
    for _ in range(7):  # each pass cuts the bracket to a 64th
        grid = np.linspace(low, high, 65)
        pi = chance(deaths, controls, 1 / grid[:, None] if harm else grid[:, None])
        k = int(np.argmax(tails(pi, t)[2 if harm else 0] > alpha))
        low, high = (float(grid[k - 1]), float(grid[k])) if k else (low, low)
    return low, f"{low:.4f}"
