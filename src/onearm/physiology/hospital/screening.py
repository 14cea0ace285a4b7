"""Screening: every criterion of the protocol on the first ventilated morning, judged on what is recorded by then.

Age, sex, comorbidities, hospital, day of entry, the P/F that was read and supports that the model does not know (none
is going on) can be judged; of anything else the answer is unknown, which the protocol lets in or not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.tables.table_columns import moment, of, site_ids, table
from onearm.physiology.tables.ward import Minutes, Ward
from onearm.protocol.eligibility import Asked, asked, bounds, is_exclusion
from onearm.protocol.study import Rule

YES, NO, UNKNOWN = range(3)
MET = ("yes", "no", "unknown")
_UNITS: Mapping[str, str | None] = MappingProxyType({"age": "years", "pf_ratio": "mmHg", "day": "d", "calendar": None})
_OF_THE_MODEL = frozenset({"invasive_ventilation", "icu", "hospital"})
_NOT_ASKED = frozenset(
    {"corticosteroid", "tocilizumab", "anticoagulant", "noninvasive_ventilation", "high_flow_oxygen"}
)
_OPERATORS: Mapping[str, Callable[[pl.Series, float], pl.Series]] = MappingProxyType(
    {
        ">=": pl.Series.ge,
        ">": pl.Series.gt,
        "<=": pl.Series.le,
        "<": pl.Series.lt,
        "==": pl.Series.eq,
        "!=": pl.Series.ne,
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """Answers of one criterion, shape (patients,)."""

    rule: Rule
    met: NDArray[np.int64]  # place in MET
    value: pl.Series  # judged on; null where there is none
    unit: str | None
    measured: bool


def screened(
    rules: tuple[Rule, ...],
    people: pl.DataFrame,
    pf: NDArray[np.float64],
    *,
    site: pl.Series | None = None,
    entered: Minutes | None = None,
) -> tuple[Screened, ...]:
    """Each rule for each patient: columns of `people` are fixed, `pf` was read that morning (nan: missing).

    `site` and the minute of entry answer what a rule asks of hospital and calendar; the day is 0.
    """
    known = people.with_columns(
        pl.col("age_years").cast(pl.Float64).alias("age"),
        pl.Series("pf_ratio", pf).fill_nan(None),
        pl.lit(0.0).alias("day"),
    )
    if site is not None:
        known = known.with_columns(site.alias("site"))
    if entered is not None:
        days = moment(entered).dt.date()
        known = known.with_columns(pl.Series("calendar", [float(day.toordinal()) for day in days]))
    return tuple(_judged(rule, known) for rule in rules)


def eligible(answers: tuple[Screened, ...], patients: int) -> NDArray[np.bool_]:
    """Who fulfils every inclusion and no exclusion; the unknown as each rule says, shape (patients,)."""
    kept = np.ones(patients, dtype=np.bool_)
    for one in answers:
        wanted = NO if is_exclusion(one.rule) else YES
        unknown = (one.met == UNKNOWN) & (one.rule.missing == "include_flag")
        kept &= (one.met == wanted) | unknown
    return kept


def check_table(ward: Ward, answers: tuple[Screened, ...], at: Minutes) -> pl.DataFrame:
    """`eligibility_checks` by the lock, at `at`, of who is ventilated then."""
    row = np.flatnonzero((at < ward.first_end) & ward.seen(at))
    subject = of(ward.subject_id, row)
    frames = []
    for one in answers:
        value = one.value.gather(row)
        unit = pl.Series([one.unit] * row.size, dtype=pl.String).set(value.is_null(), None)
        columns = {
            "check_id": subject + f"-C-{one.rule.id}",
            "subject_id": subject,
            "criterion_id": one.rule.id,
            "assessed_at": moment(at[row]),
            "value": value,
            "unit": unit,
            "met": of(MET, one.met[row]),
            "evidence": "measured" if one.measured else "chart",
            "assessed_by": site_ids(ward.hospital[row]) + "-DOC",
        }
        frames.append(table(ward, site_ids(ward.hospital[row]), columns))
    return pl.concat(frames)


def _judged(rule: Rule, known: pl.DataFrame) -> Screened:
    kind, name = asked(rule), rule.marker_or_state
    nothing = pl.Series([None] * known.height, dtype=pl.String)
    if kind in (Asked.NUMBER, Asked.DATE) and name in known.columns:
        number = known[name].round(0)  # judged as it is written
        return Screened(rule, _answer(_compared(rule, number)), _shown(name, number), _UNITS[name], name == "pf_ratio")
    if kind is Asked.WORD and name in known.columns:
        wanted = rule.value if isinstance(rule.value, list) else [rule.value]
        holds = known[name].is_in([str(w) for w in wanted])
        holds = holds if rule.op in ("==", "in") else ~holds
        return Screened(rule, _answer(holds), known[name], None, False)
    if kind is Asked.STATE and name not in _NOT_ASKED:
        is_so = ((name in _OF_THE_MODEL) == bool(rule.value)) == (rule.op == "==")
        return Screened(rule, np.full(known.height, YES if is_so else NO), nothing, None, False)
    return Screened(rule, np.full(known.height, UNKNOWN), nothing, None, False)


def _shown(name: str, number: pl.Series) -> pl.Series:
    """The value as text; a day of the calendar as its date."""
    whole = number.cast(pl.Int64)
    if name != "calendar":
        return whole.cast(pl.String)
    return pl.Series([date.fromordinal(day).isoformat() for day in whole], dtype=pl.String)


def _compared(rule: Rule, number: pl.Series) -> pl.Series:
    limits = bounds(rule)
    if rule.op == "between":
        return (number >= limits[0]) & (number <= limits[1])
    if rule.op in _OPERATORS:
        return _OPERATORS[rule.op](number, limits[0])
    return number.is_in(list(limits)) == (rule.op == "in")


def _answer(holds: pl.Series) -> NDArray[np.int64]:
    return np.where(holds.is_null(), UNKNOWN, np.where(holds.fill_null(False), YES, NO)).astype(np.int64)
