"""States of the treated and their controls on the days from the index day on, and when they say nothing."""

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.follow_up import NO_TREATED, SetPairs, TreatedFollowUp, misaligned_remedy
from onearm.estimators.risk_set_test import FEWEST_TREATED
from onearm.results.status import Status
from onearm.vocabulary.scales import DayState

Ints = NDArray[np.int64]
States = NDArray[np.int8]

NO_STATES = "The state of each day is not given: enter the ventilation spells of every patient."
NO_CONTROLS = "No treated patient has a control: add similar cases or widen the matching."


def state_refusal(data: AnalysisSet, who: TreatedFollowUp, pairs: SetPairs, *, last: int) -> tuple[Status, str]:
    """Why nothing can be said from the states at the starts of Z..Z+h+`last`; OK when they are there."""
    if not len(who.row):
        return Status.NO_PATIENTS, NO_TREATED
    if pairs.misaligned:
        return Status.REFUSED, misaligned_remedy(pairs.misaligned)
    if data.states is None:
        return Status.NOT_REPORTED, NO_STATES
    needed = int(np.max(who.start + who.horizon)) + last + 1
    if data.states.shape != (data.people.height, max(needed, data.states.shape[1])):
        remedy = f"States of shape {data.states.shape}: give {data.people.height} persons and {needed} days or more."
        return Status.REFUSED, remedy
    return Status.OK, ""


def states_from(data: AnalysisSet, row: Ints, start: Ints, days: int) -> States:
    """State of persons `row` at the starts of `start` .. `start` + days - 1; U past the last day of `data.states`."""
    if data.states is None:
        raise ValueError(NO_STATES)
    day = start[:, None] + np.arange(days)
    inside = day < data.states.shape[1]
    found = data.states[row[:, None], np.where(inside, day, 0)]
    return np.asarray(np.where(inside, found, DayState.U), dtype=np.int8)


def matched_status(unmatched: tuple[str, ...], matched: int) -> tuple[Status, str]:
    """OK when every treated patient has a control and a claim may rest on their number."""
    if unmatched:
        return (
            Status.REFUSED,
            f"No control for {', '.join(unmatched)}; figures are of the matched part. Widen the matching.",
        )
    if matched < FEWEST_TREATED:
        return Status.TOO_FEW, f"{matched} treated: report without a claim; a claim needs {FEWEST_TREATED}."
    return Status.OK, ""
