"""How complete the confounders of the protocol are on the index day, in the treated and in their controls."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.build import Cohort
from onearm.cohort.patient_facts import PatientFacts
from onearm.protocol.eligibility import Asked, asked_name
from onearm.protocol.study import Confounder


def completeness(cohort: Cohort, confounders: tuple[Confounder, ...], pairs: pl.DataFrame) -> float | None:
    """The smaller of two shares: known values of all `confounders` among the treated and among their controls.

    `pairs`: rows (treated, control) of everybody in the cohort, index day of the treated. None without confounders or
    without pairs; a treated patient counts once, a control once per set.
    """
    there = pairs.drop_nulls("control")
    if not confounders or there.is_empty():
        return None
    everybody = np.concatenate([g.course.people["start_day"].to_numpy() for g in cohort.groups])
    once = pairs["treated"].unique()
    shares = []
    for treated, person in ((once, once), (there["treated"], there["control"])):
        index, rows = everybody[treated.to_numpy()], person.to_numpy()
        known = [_known(cohort, c.name, int(day))[rows[index == day]] for c in confounders for day in np.unique(index)]
        shares.append(float(np.concatenate(known).mean()))
    return min(shares)


def _known(cohort: Cohort, name: str, day: int) -> NDArray[np.bool_]:
    return np.concatenate([_known_of(g.facts, name, day) for g in cohort.groups])


def _known_of(facts: PatientFacts, name: str, day: int) -> NDArray[np.bool_]:
    kind = asked_name(name)
    if kind is None:
        return np.zeros(facts.persons, dtype=np.bool_)
    if kind in (Asked.NUMBER, Asked.DATE):
        low, _ = facts.number(name, day)
        return np.asarray(~np.isnan(low), dtype=np.bool_)  # an open band or a value beyond a limit is known too
    told = facts.word(name) if kind is Asked.WORD else facts.going_on(name, day)
    return np.asarray(told.is_not_null().to_numpy(), dtype=np.bool_)
