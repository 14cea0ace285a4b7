"""Eligibility by day: every rule of the protocol judged for everybody with what was known at the start of that day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.cohort.patient_facts import PatientFacts
from onearm.protocol.eligibility import Asked, asked, bounds, is_exclusion
from onearm.protocol.study import Rule
from onearm.results.attrition import AttritionRow

TRUE, FALSE, UNKNOWN = 1, 0, -1
Truth = NDArray[np.int8]  # TRUE, FALSE or UNKNOWN per person


@dataclass(frozen=True, slots=True, eq=False)
class EligibleOnDay:
    """Who may enter on a day, how many each rule took away, in the order of the rules, and whose answer was unknown."""

    eligible: NDArray[np.bool_]  # shape (persons,)
    attrition: tuple[AttritionRow, ...]  # over those in `among`
    unknown: tuple[tuple[str, int], ...]  # rule, persons kept although the answer is not known


def eligible_on_day(
    rules: Sequence[Rule], facts: PatientFacts, day: int, among: NDArray[np.bool_] | None = None
) -> EligibleOnDay:
    """Judge all `rules` on `day` for the persons of `facts`; `among` (persons,) limits the counts."""
    kept = np.ones(facts.persons, dtype=np.bool_) if among is None else among.copy()
    rows, unknown = [], []
    for rule in rules:
        answer = judge(rule, facts, day)
        stays = keeps(rule, answer)
        not_known = int(np.sum(kept & (answer == UNKNOWN) & stays))
        before = int(kept.sum())
        kept &= stays
        told = rule.text or in_words(rule)
        rows.append(AttritionRow(rule.id, before, int(kept.sum()), told))
        if not_known:
            unknown.append((rule.id, not_known))
    return EligibleOnDay(kept, tuple(rows), tuple(unknown))


def keeps(rule: Rule, answer: Truth) -> NDArray[np.bool_]:
    """Who stays: an inclusion keeps the true, an exclusion drops them; the unknown as the rule says."""
    stays = answer == (FALSE if is_exclusion(rule) else TRUE)
    if rule.missing == "include_flag":
        stays |= answer == UNKNOWN
    return np.asarray(stays)


def judge(rule: Rule, facts: PatientFacts, day: int) -> Truth:
    """Whether the expression of the rule holds for each person on `day`; shape (persons,)."""
    kind = asked(rule)
    if kind in (Asked.NUMBER, Asked.DATE):
        low, high = facts.number(rule.marker_or_state, day, rule.window_days)
        return _compare(rule.op, low, high, bounds(rule))
    if kind is Asked.WORD:
        found = facts.word(rule.marker_or_state)
    else:
        found = facts.going_on(rule.marker_or_state, day, rule.window_days)
    allowed = rule.value if isinstance(rule.value, list) else [rule.value]
    holds = found.is_in(allowed) if rule.op in ("==", "in") else ~found.is_in(allowed)
    return np.where(found.is_null().to_numpy(), UNKNOWN, holds.fill_null(False).to_numpy()).astype(np.int8)


def _compare(op: str, low: NDArray[np.float64], high: NDArray[np.float64], value: tuple[float, ...]) -> Truth:
    """True when it holds over the whole of low..high, false when nowhere, else unknown."""
    v = value[0]
    with np.errstate(invalid="ignore"):
        if op in (">=", ">"):
            surely = low >= v if op == ">=" else low > v
            perhaps = high >= v if op == ">=" else high > v
        elif op in ("<=", "<"):
            surely = high <= v if op == "<=" else high < v
            perhaps = low <= v if op == "<=" else low < v
        elif op == "between":
            surely = (low >= v) & (high <= value[1])
            perhaps = (high >= v) & (low <= value[1])
        else:
            surely = (low == high) & np.isin(low, value)
            perhaps = np.any([(low <= x) & (high >= x) for x in value], axis=0)
    answer = np.where(surely, TRUE, np.where(perhaps, UNKNOWN, FALSE))
    if op in ("!=", "not_in"):
        answer = np.where(answer == UNKNOWN, UNKNOWN, 1 - answer)
    return np.where(np.isnan(low) | np.isnan(high), UNKNOWN, answer).astype(np.int8)


def in_words(rule: Rule) -> str:
    """The expression as it stands in study.toml."""
    value = ", ".join(map(str, rule.value)) if isinstance(rule.value, list) else str(rule.value)
    unit = f" {rule.unit}" if rule.unit else ""
    return f"{rule.marker_or_state} {rule.op} {value}{unit}"
