"""Stop for harm after each patient: Beta(a, b) prior, stop when Pr(p > p0 | data) > c (Thall and Simon 1994).

The least events that stop at each patient, and by exact recursion over patients, without simulation, how often the rule
stops and how many patients it costs at any true risk.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.results.status import Status

NO_ROOM = "Give the number of patients planned."
STOPPED_BEFORE = (
    "The prior alone stops the study before any event: lower its mean a / (a + b) below the limit, or raise certainty."
)


@dataclass(frozen=True, slots=True)
class Operating:
    """What the rule does when the true risk is `true_risk`."""

    true_risk: float
    p_stop: float  # by the last planned patient
    expected_n: float  # patients entered, the stopping one included
    stop_at: tuple[float, ...]  # probability to stop exactly at patient 1..n


@dataclass(frozen=True, slots=True)
class SequentialStopping:
    """The rule as a table that a ward can read, and its operating characteristics."""

    boundary: tuple[int | None, ...] = ()  # least events that stop at patient 1..n; None: no count of events can
    operating: tuple[Operating, ...] = ()  # at each asked true risk, in the order asked
    at_limit: Operating | None = None  # when the true risk is the limit itself; None when status is not OK
    n: int = 0  # patients planned
    prior: tuple[float, float] = (1.0, 1.0)  # a, b
    limit: float = 0.5  # p0
    certainty: float = 0.95  # c
    method: str = "Beta-binomial stopping after each patient, exact recursion"
    assumptions: tuple[str, ...] = (
        "patients independent, each with the same risk",
        "each outcome known before the next patient enters",
    )
    status: Status = Status.OK
    remedy: str = ""

    @property
    def estimate(self) -> float | None:
        """Probability to stop when the true risk is the limit; None exactly when status is not OK."""
        return self.at_limit.p_stop if self.at_limit is not None and self.status is Status.OK else None


def sequential_stopping(
    n: int,
    *,
    prior: tuple[float, float],
    limit: float,
    certainty: float,
    true_risks: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.4),
) -> SequentialStopping:
    """Table and behaviour of the rule for up to `n` patients: stop when Pr(p > limit | data) > certainty.

    Raises ValueError for numbers that cannot be.
    """
    if n < 0 or min(prior) <= 0 or not 0 < limit < 1 or not 0 < certainty < 1:
        raise ValueError(
            f"n {n}, prior {prior}, limit {limit}, certainty {certainty}: give n >= 0, a prior above 0, and the "
            "other two between 0 and 1"
        )
    wrong = [p for p in true_risks if not 0 <= p <= 1]
    if wrong:
        raise ValueError(f"true risk {wrong[0]}: give a number from 0 to 1")
    settings = {"n": n, "prior": prior, "limit": limit, "certainty": certainty}
    if n == 0 or probability_above(0, 0, prior, limit) > certainty:
        status = Status.REFUSED if n else Status.NO_PATIENTS
        return SequentialStopping(**settings, status=status, remedy=STOPPED_BEFORE if n else NO_ROOM)  # type: ignore[arg-type]  # dict of mixed numbers
    boundary = least_events(n, prior=prior, limit=limit, certainty=certainty)
    return SequentialStopping(
        boundary=boundary,
        operating=tuple(operating(boundary, p) for p in true_risks),
        at_limit=operating(boundary, limit),
        **settings,  # type: ignore[arg-type]  # dict of mixed numbers
    )


def probability_above(events: int, n: int, prior: tuple[float, float], limit: float) -> float:
    """Pr(p > limit) after `events` of `n`."""
    from scipy.special import betaincc  # loaded on use; not scipy.stats

    return float(betaincc(prior[0] + events, prior[1] + n - events, limit))


def least_events(n: int, *, prior: tuple[float, float], limit: float, certainty: float) -> tuple[int | None, ...]:
    """Least events that stop at patient 1..n; None where even all of them would not."""
    found: list[int | None] = []
    least = 0  # never falls: one more patient without an event cannot raise the probability
    for k in range(1, n + 1):
        while least <= k and probability_above(least, k, prior, limit) <= certainty:
            least += 1
        found.append(least if least <= k else None)
    return tuple(found)


def operating(boundary: tuple[int | None, ...], true_risk: float) -> Operating:
    """Exact distribution of the stopping patient under `true_risk`."""
    going: NDArray[np.float64] = np.zeros(len(boundary) + 1)  # going[k]: still going with k events
    going[0] = 1.0
    stop_at = []
    for least in boundary:
        going[1:] = going[1:] * (1 - true_risk) + going[:-1] * true_risk
        going[0] *= 1 - true_risk
        stop_at.append(float(going[least:].sum()) if least is not None else 0.0)
        if least is not None:
            going[least:] = 0.0
    left = float(going.sum())
    expected = sum(k * p for k, p in enumerate(stop_at, 1)) + len(boundary) * left
    return Operating(true_risk, min(1.0, sum(stop_at)), expected, tuple(stop_at))
