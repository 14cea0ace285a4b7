"""Adverse events of a ward: reactions to infusions, what intensive care brings, and the deaths of the treated.

Nothing here knows what the cells do: a reaction comes at the rate of the policy, whatever the effect.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.randomness import Process, uniform
from onearm.physiology.tables.orders import Orders
from onearm.physiology.tables.table_columns import moment, of, site_ids, table
from onearm.physiology.tables.ward import DAY, HOUR, NEVER, Minutes, Ward

_REACTIONS = (("fever", 1), ("chills", 1), ("hypotension", 2))  # term, grade
_ICU_EVENTS = (
    ("ventilator-associated pneumonia", 3),
    ("acute kidney injury", 3),
    ("delirium", 2),
    ("thrombocytopenia", 2),
    ("atrial fibrillation", 2),
)
_ICU_DAYS = 60  # looked at after the first infusion
_ICU_LASTS = 3 * DAY


def event_table(ward: Ward, orders: Orders) -> pl.DataFrame | None:
    """`adverse_events` by the lock of everybody infused; None where there is none."""
    given = orders.only(orders.given)
    first = given.only(given.dose == 0)
    frames = [_reactions(ward, given), _icu_events(ward, first), _fatal(ward, first)]
    kept = [frame for frame in frames if frame is not None and frame.height]
    return pl.concat(kept) if kept else None


def _reactions(ward: Ward, given: Orders) -> pl.DataFrame:
    hit = given.only(given.reacts)
    patient, day = ward.patient[hit.row], hit.dose
    drawn = uniform(ward.key, Process.REACTION, patient[:, None], day=day[:, None], draw=3 + np.arange(2))
    until = np.minimum(hit.infused + 6 * HOUR, np.minimum(ward.gone[hit.row], ward.lock))
    start = hit.infused + (drawn[:, 0] * (until - hit.infused)).astype(np.int64)
    end = np.minimum(start + 4 * HOUR, np.minimum(ward.gone[hit.row], ward.lock))
    kind = (drawn[:, 1] * len(_REACTIONS)).astype(np.int64)
    return _rows(ward, hit.row, hit.subject + "-R" + hit.name, (_REACTIONS, kind), start, end, relation="possible")


def _icu_events(ward: Ward, first: Orders) -> pl.DataFrame:
    """At most one a day while ventilated, from the first infusion on."""
    day = np.arange(_ICU_DAYS)
    patient = ward.patient[first.row]
    drawn = uniform(ward.key, Process.ICU_EVENT, patient[:, None, None], day=day[:, None], draw=np.arange(3))
    at = first.infused[:, None] + HOUR + ((day + drawn[:, :, 1]) * DAY).astype(np.int64)
    start, end = ward.spell_start[first.row], ward.spell_end[first.row]
    on = ((at[:, :, None] >= start[:, None, :]) & (at[:, :, None] < end[:, None, :])).any(axis=2)
    known = on & ward.seen(at) & (at < ward.gone[first.row][:, None])
    who, when = np.nonzero(known & (drawn[:, :, 0] < ward.conduct.product.icu_events_per_day))
    kind = (drawn[who, when, 2] * len(_ICU_EVENTS)).astype(np.int64)
    began = at[who, when]
    name = first.subject[who] + "-E" + pl.Series(when + 1).cast(pl.String)
    ended = began + _ICU_LASTS
    ended = np.where(ended < np.minimum(ward.gone[first.row[who]], ward.lock), ended, NEVER)
    return _rows(ward, first.row[who], name, (_ICU_EVENTS, kind), began, ended, relation="not")


def _rows(
    ward: Ward,
    row: NDArray[np.int64],
    name: pl.Series,
    what: tuple[tuple[tuple[str, int], ...], NDArray[np.int64]],
    start: Minutes,
    end: Minutes,
    *,
    relation: str,
) -> pl.DataFrame:
    """Events of these kinds; one of grade 3 is serious."""
    terms, grades = ([t[i] for t in what[0]] for i in range(2))
    grade = np.array(grades)[what[1]]
    serious = grade >= 3
    columns: dict[str, Any] = {
        "event_id": name,
        "subject_id": of(ward.subject_id, row),
        "term": of(terms, what[1]),  # type: ignore[arg-type]
        "grade": grade,
        "started_at": moment(start),
        "ended_at": moment(end),
        "serious": serious,
        "criteria": np.where(serious, '["important"]', "[]"),
        "relation": relation,
        "action": "none",
        "outcome": np.where(end == NEVER, "not_resolved", "resolved"),
        "reported_at": moment(np.minimum(start + HOUR, ward.lock)),
        "narrative": "drawn by the generator",
    }
    return table(ward, site_ids(ward.hospital[row]), columns)


def _fatal(ward: Ward, first: Orders) -> pl.DataFrame | None:
    """The event of grade 5 of everyone infused who died by the lock."""
    died = ward.died[first.row]
    seen = ward.seen(died)
    if not seen.any():
        return None
    dead = first.only(seen)
    columns = {
        "event_id": dead.subject + "-A1",
        "subject_id": dead.subject,
        "term": "respiratory failure",
        "grade": 5,
        "started_at": moment(died[seen]),
        "ended_at": moment(died[seen]),
        "serious": pl.Series([True] * dead.subject.len()),
        "criteria": '["death"]',
        "relation": "not",
        "action": "none",
        "outcome": "fatal",
        "reported_at": moment(died[seen]),
        "narrative": "drawn by the generator",
    }
    return table(ward, dead.site, columns)
