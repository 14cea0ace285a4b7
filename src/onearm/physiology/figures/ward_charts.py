"""Ward charts from the records of a virtual trial, with the true course and the untreated twin where both may be seen.

What the records hold is read from their tables alone; a chart of a real ward would read the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from onearm.physiology.hospital.draw import DrawnTrial
from onearm.physiology.hospital.host_markers import ASSAYS
from onearm.physiology.host.patient import Courses
from onearm.physiology.purpose import Purpose
from onearm.records import Provenance, Records
from onearm.results.ward_chart import (
    ChartEnd,
    ChartInfusion,
    ChartLine,
    ChartMarker,
    ChartPoint,
    ChartSpan,
    ChartStrip,
    WardChart,
)
from onearm.vocabulary.markers import MARKERS

LAST_DAY = 30.0
MOST_CHARTS = 13
TRUTH_FOR = (Purpose.TEACHING, Purpose.DESIGN)  # who may see the true course
DRUGS = ("corticosteroid", "tocilizumab", "anticoagulant")
#: name, lowest, highest, logarithmic, line, markers and how they are printed
STRIPS: tuple[tuple[str, float, float, bool, float | None, Mapping[str, str]], ...] = (
    ("oxygenation", 0, 450, False, 150, {"pf_ratio": "P/F"}),
    ("inflammation", 1, 3_000, True, None, {"crp": "CRP", "il6": "IL-6"}),
    ("tissue", 100, 30_000, True, None, {"ferritin": "ferritin", "ldh": "LDH", "d_dimer_feu": "D-dimer"}),
    ("lymphocytes", 10, 3_000, True, None, {"t_cd3": "T cells", "b_cd19": "B cells"}),
)
_ENDS = {
    "died": "died",
    "left_hospital_alive": "left hospital alive",
    "transferred": "transferred, not followed further",
    "lost": "lost to follow-up",
    "withdrew": "withdrew",
    "left_or_died": "left hospital or died, not told apart",
}
_THINNED = 2  # of the kept times that are drawn
_Row = Mapping[str, object]


def ward_charts(trial: DrawnTrial, *, most: int = MOST_CHARTS) -> tuple[WardChart, ...]:
    """Charts of the infused in order of their ids, `most` at the most.

    The true course and the untreated twin are drawn for teaching and design only.
    """
    records = trial.records
    treated = records["infusions"]["subject_id"].unique().sort().head(most)
    shown = (trial.given, trial.untreated) if trial.purpose in TRUTH_FOR else None
    tables = {
        name: _by_subject(records[name], treated)
        for name in ("subjects", "infusions", "episodes", "outcomes", "measurements")
    }
    lots = _lots(records)
    is_virtual = records.provenance == Provenance.VIRTUAL
    return tuple(_chart(person, tables, lots, shown, is_virtual) for person in treated)


def _by_subject(frame: pl.DataFrame, treated: pl.Series) -> dict[str, list[dict[str, object]]]:
    rows: dict[str, list[dict[str, object]]] = {person: [] for person in treated}
    for row in frame.filter(pl.col("subject_id").is_in(treated.implode())).iter_rows(named=True):
        rows[row["subject_id"]].append(row)
    return rows


def _lots(records: Records) -> dict[str, str]:
    """Lots of each infusion, in words."""
    bags = records["infusion_containers"].join(records["containers"], on="container_id", how="left")
    told = bags.group_by("infusion_id").agg(pl.col("lot_id").fill_null("?").unique().sort())
    return {i: "+".join(lots) for i, lots in zip(told["infusion_id"], told["lot_id"].to_list(), strict=True)}


def _chart(
    person: str,
    tables: Mapping[str, Mapping[str, Sequence[_Row]]],
    lots: Mapping[str, str],
    courses: tuple[Courses, Courses] | None,
    is_virtual: bool,
) -> WardChart:
    zero = tables["subjects"][person][0]["ventilated_at"]
    assert isinstance(zero, datetime), f"{person} was never ventilated"
    place = _place(person, courses)
    given, untreated = (None, None) if courses is None or place is None else courses
    end = _end(tables["outcomes"][person], tables["episodes"][person], zero)
    return WardChart(
        person=person,
        virtual=is_virtual,
        last_day=LAST_DAY,
        breathing=tuple(_breathing(tables["episodes"][person], end, zero)),
        infusions=tuple(_infusions(tables["infusions"][person], lots, zero)),
        strips=tuple(_strips(tables["measurements"][person], zero, given, untreated, place)),
        drugs=tuple(s for d in DRUGS for s in _spans(tables["episodes"][person], d, d, zero)),
        end=end,
        twin_end=None if untreated is None or place is None else true_end(untreated, place),
        twin_is_the_same=given is not None and untreated is not None and _same(given, untreated, place),
    )


def _place(person: str, courses: tuple[Courses, Courses] | None) -> int | None:
    """Row of a patient in the courses, by the number in the id; None where there is none."""
    number = person.rpartition("-")[2]
    if courses is None or not number.isdecimal():
        return None
    found = np.flatnonzero(courses[0].draws.patients == int(number) - 1)
    return int(found[0]) if found.size else None


def _same(given: Courses, untreated: Courses, place: int | None) -> bool:
    return np.array_equal(given.daily[place], untreated.daily[place], equal_nan=True)


def _days(at: object, zero: datetime) -> float:
    assert isinstance(at, datetime)
    return (at - zero) / timedelta(days=1)


def _infusions(rows: Sequence[_Row], lots: Mapping[str, str], zero: datetime) -> Iterator[ChartInfusion]:
    for row in sorted(rows, key=lambda r: str(r["dose_no"])):
        lot, number = lots.get(str(row["infusion_id"]), "?"), row["dose_no"]
        assert isinstance(number, int)
        yield ChartInfusion(_days(row["started_at"], zero), number, lot, row["status"] == "completed")


def _spans(rows: Sequence[_Row], kind: str, name: str, zero: datetime) -> list[ChartSpan]:
    """Episodes of one kind in order of time."""
    return sorted(
        (
            ChartSpan(
                name,
                _days(row["started_at"], zero),
                None if row["ended_at"] is None else _days(row["ended_at"], zero),
                bool(row["ongoing"]),
            )
            for row in rows
            if row["kind"] == kind
        ),
        key=lambda s: s.start,
    )


def _breathing(rows: Sequence[_Row], end: ChartEnd, zero: datetime) -> Iterator[ChartSpan]:
    """Spells on the ventilator and those off it, up to the last contact."""
    spells = _spans(rows, "invasive_ventilation", "ventilated", zero)
    for spell, following in zip(spells, [*spells[1:], None], strict=True):
        yield spell
        if spell.end is None:
            continue
        until = end.day if following is None else following.start
        if until > spell.end:
            yield ChartSpan("off", spell.end, until, following is None and end.state.startswith("alive"))


def _end(outcomes: Sequence[_Row], episodes: Sequence[_Row], zero: datetime) -> ChartEnd:
    """The end of follow-up, else what was known at the last contact."""
    for kind, told in _ENDS.items():
        for row in outcomes:
            if row["kind"] == kind:
                return ChartEnd(told, _days(row["occurred_at"], zero))
    seen = [_days(r["occurred_at"], zero) for r in outcomes]
    known = [_days(t, zero) for r in episodes for t in (r["started_at"], r["ended_at"]) if t is not None]
    on = any(r["kind"] == "invasive_ventilation" and r["ongoing"] for r in episodes)
    return ChartEnd(f"alive, {'ventilated' if on else 'off the ventilator'}, when last seen", max(seen + known))


def true_end(courses: Courses, place: int) -> ChartEnd:
    """How the course of one patient ends, no data lock cutting it; the last day of the courses where it does not."""
    if np.isfinite(courses.death_day[place]):
        return ChartEnd("died", float(courses.death_day[place]))
    if np.isfinite(courses.discharge_day[place]):
        return ChartEnd("left hospital alive", float(courses.discharge_day[place]))
    on = np.isfinite(courses.ventilation_changes[place]).sum() % 2 == 1
    return ChartEnd(f"alive, {'ventilated' if on else 'off the ventilator'}", float(courses.days[-1]))


def _strips(
    rows: Sequence[_Row], zero: datetime, given: Courses | None, untreated: Courses | None, place: int | None
) -> Iterator[ChartStrip]:
    for name, low, high, logarithmic, limit, markers in STRIPS:
        drawn = tuple(
            ChartMarker(
                told,
                MARKERS[marker].unit,
                tuple(_points(rows, marker, zero)),
                _line(given, marker, place),
                _line(untreated, marker, place),
            )
            for marker, told in markers.items()
        )
        yield ChartStrip(name, low, high, logarithmic, limit, drawn)


def _points(rows: Sequence[_Row], marker: str, zero: datetime) -> Iterator[ChartPoint]:
    """Numbers in order of time; a sample that gave none is no point."""
    found = [r for r in rows if r["marker"] == marker and r["value"] is not None]
    for row in sorted(found, key=lambda r: (_days(r["collected_at"], zero), str(r["measurement_id"]))):
        yield ChartPoint(_days(row["collected_at"], zero), float(str(row["value"])), str(row["comparator"]))


def _line(courses: Courses | None, marker: str, place: int | None) -> ChartLine | None:
    """The true course on the days of the axis, in the unit of the records."""
    if courses is None or place is None:
        return None
    assay = ASSAYS[marker]
    value = courses.marker(assay.marker)[place] * assay.factor
    shown = np.isfinite(value) & (courses.days <= LAST_DAY) & (np.arange(value.size) % _THINNED == 0)
    return ChartLine(tuple(courses.days[shown].tolist()), tuple(value[shown].tolist()))
