"""Measured markers of hosts: the true course at the time of the sample, seen through noise that remembers yesterday.

The noise of a patient and marker is an autoregressive term by day plus that of the assay; both spreads stand in the
registry (`sd_...`, `ar_day`, `sd_assay`). What the hospital then writes is told by `laboratory`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.hospital.laboratory import EQUAL, SIGNS, Reported, canonical_text, reported
from onearm.physiology.host.parameters import ParameterSet
from onearm.physiology.host.patient import Courses
from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.tables.marker_tables import PF_RANGE, gases, mornings, samples
from onearm.physiology.tables.table_columns import decimal_text, of, site_ids, table, timed
from onearm.physiology.tables.ward import DAY, Minutes, Ward
from onearm.records import TABLES
from onearm.vocabulary.markers import MARKERS

Whole = NDArray[np.int64]

STEPS_PER_DAY = 6  # of the true course that is kept
_ORGANS = (1.0, 9.0)  # SOFA without respiration: at no damage, more at full damage


@dataclass(frozen=True, slots=True)
class Assay:
    """What of the model a marker shows, and how noisy: `spread` is a symbol of the registry, SD of the log."""

    marker: str  # of the model
    spread: str
    number: int  # of the draw, never changed
    factor: float = 1.0  # from the unit of the model


ASSAYS = MappingProxyType(
    {
        "crp": Assay("crp", "sd_crp", 20),
        "ferritin": Assay("ferritin", "sd_ferritin", 21),
        "d_dimer_feu": Assay("d_dimer", "sd_d_dimer", 22),
        "ldh": Assay("ldh", "sd_ldh", 23),
        "il6": Assay("il6", "sd_il6", 24),
        "t_cd3": Assay("t_cd3", "sd_t_cd3", 25),
        "b_cd19": Assay("b_cd19", "sd_b_cd19", 26),
        "pf_ratio": Assay("pf", "sd_pf", 27),
    }
)
_LYMPHOCYTES = 0.88  # share of T and B cells among them
_SOFA_NUMBER = 28
#: of the draws that say whether a value is missing: lymphocytes go with T cells, PaO2, FiO2 and P/F together
NUMBERS = MappingProxyType(
    {name: assay.number for name, assay in ASSAYS.items()}
    | {"lymphocytes": ASSAYS["t_cd3"].number, "sofa_total": _SOFA_NUMBER}
)
SPECIMENS = MappingProxyType(
    dict.fromkeys(("crp", "ferritin", "ldh", "il6"), "serum")
    | dict.fromkeys(("t_cd3", "b_cd19", "lymphocytes"), "venous")
    | dict.fromkeys(("pao2", "pf_ratio"), "arterial")
    | {"d_dimer_feu": "plasma", "fio2": "none", "sofa_total": "none"}
)
_FIRST_DAY = -1


def noise(parameters: ParameterSet, key: Key, patient: Whole, days: int, number: int, symbol: str) -> Floats:
    """Noise of days -1 to `days` with the spread `symbol`, shape (patients, days + 2); it remembers the day before."""
    memory, assay_sd, spread = (parameters.medians[parameters.column(s)] for s in ("ar_day", "sd_assay", symbol))
    day = np.arange(_FIRST_DAY, days + 1)
    own = normal(key, Process.HOST_MARKER, patient[:, None], day=day, draw=number)
    kept = np.empty_like(own)
    kept[:, 0] = own[:, 0]
    for place in range(1, day.size):
        kept[:, place] = memory * kept[:, place - 1] + np.sqrt(1 - memory**2) * own[:, place]
    assay = normal(key, Process.HOST_ASSAY, patient[:, None], day=day, draw=number)
    return np.asarray(np.sqrt(max(spread**2 - assay_sd**2, 0)) * kept + assay_sd * assay)


def measured_pf(courses: Courses, key: Key, zero: Minutes, days: int) -> tuple[Floats, Minutes]:
    """P/F as it is read on the mornings of days 0..days, mmHg, and when; shape (patients, days + 1), nan when dead."""
    assay, draws = ASSAYS["pf_ratio"], courses.draws
    at = mornings(key, draws.patients, zero, np.arange(days + 1))
    true = np.take_along_axis(courses.marker("pf"), kept_place(at - zero[:, None], courses), axis=1)
    log = noise(draws.parameters, key, draws.patients, days, assay.number, assay.spread)[:, 1:]
    return np.asarray(true * np.exp(log)), at


def kept_place(minutes: Minutes, courses: Courses) -> Whole:
    """Place in the kept course so many minutes after ventilation began."""
    place = np.rint(minutes / DAY * STEPS_PER_DAY).astype(np.int64)
    return np.clip(place, 0, courses.days.size - 1)


def living_place(courses: Courses, row: Whole, minutes: Minutes) -> Whole:
    """The same of the patients at `row`, at most the last place before a death between two steps."""
    last = np.isfinite(courses.marker("crp")).sum(axis=1) - 1
    return np.asarray(np.minimum(kept_place(minutes, courses), last[row]), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """When and of whom samples were taken, and where in the kept course. Shape (samples,) each."""

    row: Whole  # of the patient in the ward
    day: Whole
    at: Minutes
    place: Whole


def host_measurement_table(ward: Ward, courses: Courses) -> pl.DataFrame:
    """`measurements` of the ward: daily on the ventilator, every third day off it, in hospital, known at the lock.

    PaO2, FiO2 and P/F are of one sample. A share is missing, units and limits are those of the hospital.
    """
    row, day, at, _ = samples(ward)
    taken = Samples(row, day, at, living_place(courses, row, at - ward.zero[row]))
    return _rows(ward, taken, _reports(ward, taken, read_values(ward, courses, taken)))


def read_values(ward: Ward, courses: Courses, taken: Samples) -> Mapping[str, Floats]:
    """What the assays read, in canonical units, before anything is rounded; shape (samples,) each."""
    values: dict[str, Floats] = {}
    for name, assay in ASSAYS.items():
        log = _noise(ward, courses, taken, assay.number, assay.spread)
        values[name] = courses.marker(assay.marker)[taken.row, taken.place] * assay.factor * np.exp(log)
    values["lymphocytes"] = (values["t_cd3"] + values["b_cd19"]) / _LYMPHOCYTES / 1000
    values["pf_ratio"] = np.clip(values["pf_ratio"], *PF_RANGE)
    values["sofa_total"] = _sofa(ward, courses, taken)
    return values


def _noise(ward: Ward, courses: Courses, taken: Samples, number: int, symbol: str) -> Floats:
    drawn = noise(courses.draws.parameters, ward.key, ward.patient, ward.conduct.measured_days, number, symbol)
    return np.asarray(drawn[taken.row, taken.day + 1])


def _sofa(ward: Ward, courses: Courses, taken: Samples) -> Floats:
    """Points of respiration from the true P/F, of the other organs from the damage."""
    pf, damage = courses.marker("pf")[taken.row, taken.place], courses.of("D")[taken.row, taken.place]
    breathing = np.searchsorted((100, 200, 300, 400), pf, side="right")
    base, more = _ORGANS
    points = _noise(ward, courses, taken, _SOFA_NUMBER, "sd_sofa")
    d = damage / (damage + courses.draws.of("D50")[taken.row])
    return np.asarray(4 - breathing + np.rint(base + more * d + points), dtype=np.float64)


def _reports(ward: Ward, taken: Samples, values: Mapping[str, Floats]) -> Iterator[tuple[str, Whole, Reported]]:
    """Marker, places among the samples, and what is written of the values that are there."""
    policy = ward.conduct.measurement
    chance, hospital = policy.chance_missing(taken.at), ward.hospital[taken.row]
    for name, read in values.items():
        drawn = uniform(ward.key, Process.MISSING, ward.patient[taken.row], day=taken.day, draw=NUMBERS[name])
        there = np.flatnonzero(drawn >= chance)
        if name == "pf_ratio":
            yield from _gases(ward, there, hospital[there], read[there])
            continue
        low, high = (float(x) for x in MARKERS[name].hard)
        for one in reported(policy, ward.key, name, hospital[there], np.clip(read[there], low, high)):
            yield name, there[one.place], one


def _gases(ward: Ward, there: Whole, hospital: Whole, pf: Floats) -> Iterator[tuple[str, Whole, Reported]]:
    """FiO2 and PaO2 as read, and the ratio of the two as read, in the unit of PaO2."""
    policy, hundredths = ward.conduct.measurement, gases(pf)["fio2"][0]
    for one in reported(policy, ward.key, "fio2", hospital, hundredths / 100):
        yield "fio2", there[one.place], one
    for one in reported(policy, ward.key, "pao2", hospital, pf * hundredths / 100):
        yield "pao2", there[one.place], one
        ratio = np.rint(100 * one.parts / hundredths[one.place]).astype(np.int64)
        yield "pf_ratio", there[one.place], Reported(one.unit, one.place, ratio, np.full_like(ratio, EQUAL))


def _rows(ward: Ward, taken: Samples, reports: Iterable[tuple[str, Whole, Reported]]) -> pl.DataFrame:
    told = list(reports)
    if not told:
        return TABLES["measurements"].create_empty()
    place = np.concatenate([at for _, at, _ in told])
    row, day = taken.row[place], taken.day[place]
    subject = of(ward.subject_id, row)
    marks = _each(told, [name.upper().replace("_", "-") for name, _, _ in told])
    columns: dict[str, Any] = {
        "measurement_id": subject + "-" + pl.Series(day + 1).cast(pl.String).str.zfill(2) + "-" + marks,
        "subject_id": subject,
        "marker": _each(told, [name for name, _, _ in told]),
        **timed("collected_at", taken.at[place]),
        "raw_value": pl.concat([decimal_text(one.parts, one.unit.places) for _, _, one in told]),
        "comparator": of(SIGNS, np.concatenate([one.sign for _, _, one in told])),
        "raw_unit": _each(told, [one.unit.name for _, _, one in told]),
        "value": pl.concat([canonical_text(name, one.unit, one.parts) for name, _, one in told]),
        "specimen": _each(told, [SPECIMENS[name] for name, _, _ in told]),
        "origin": "file",
        "replicate": 1,
        "quality": "ok",
    }
    return table(ward, of(site_ids(ward.hospital), row), columns)


def _each(told: list[tuple[str, Whole, Reported]], words: list[str]) -> pl.Series:
    """A word for every row of each report."""
    return of(words, np.repeat(np.arange(len(told)), [at.size for _, at, _ in told]))
