"""Patient tables of a ward as known at the lock: sources, subjects, decisions, episodes, outcomes."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Floats, Key, Process, exponential, normal, uniform
from onearm.physiology.tables.table_columns import UNIT, decimal_text, moment, of, rounded, site_ids, table, timed
from onearm.physiology.tables.ward import DAY, NEVER, Minutes, Ward
from onearm.records.subjects import COMORBIDITIES
from onearm.vocabulary.identifiers import personal_data

# all assumed; independent of severity, hospital and treatment
_AGE = (61.0, 11.0, 18.0, 89.0)  # years: mean, SD, least, most
_HEIGHT = (170.0, 9.0, 140.0, 205.0)  # cm
_FEMALE = 0.3
_SHARES = dict(zip(COMORBIDITIES, (0.45, 0.25, 0.08, 0.06, 0.05, 0.03, 0.04, 0.35, 0.02, 0.12), strict=True))
_SYMPTOMS_DAYS = (3.0, 4.0)  # before hospital: least, mean beyond it
_HOSPITAL_DAYS = (1.5, 2.0)  # before ventilation, the same
_ICU_DAYS = 1.0  # before ventilation, at most


def source_table(ward: Ward, purpose: Purpose) -> pl.DataFrame:
    """One source: every patient of the virtual hospitals, treated or not."""
    s = ward.conduct
    entries = moment(np.array([ward.zero.min(), ward.zero.max()])).dt.date()
    settings = s.settings_sha256[:12]
    if personal_data(f"settings {settings},"):  # all digits: it reads as a telephone number
        settings = settings[:8]
    row = {
        "source_id": s.source_id,
        "title": f"virtual hospitals, {s.generator}, settings {settings}, for {purpose.value}",
        "kind": "virtual",
        "population": "virtual adults who begin invasive ventilation",
        "setting": f"{s.hospitals} virtual hospitals",
        "country": "none",
        "first_date": entries[:1],
        "last_date": entries[1:],
        "entry_rule": "every virtual patient ventilated",
        "time_zero_rule": "start of invasive ventilation",
        "time_basis": "calendar",
        "clock_start": "ventilation",
        "licence": "virtual",
        "retrieved_at": moment(np.array([ward.lock])),
        "file_sha256": s.settings_sha256,
        "missing_fields": "[]",
    }
    return table(ward, UNIT, row)


def subject_table(ward: Ward) -> pl.DataFrame:
    """One row per patient; `treated_path` are those with a decision to treat."""
    hospital_at, icu_at = _arrival(ward)
    symptoms = (hospital_at - _before(ward, _SYMPTOMS_DAYS, 0)) // DAY * DAY + DAY // 2
    treat = ward.treats & ward.seen(ward.decided)
    fixed = fixed_columns(ward.key, ward.patient)
    columns: dict[str, Any] = {
        "subject_id": ward.subject_id,
        "source_id": ward.conduct.source_id,
        "cohort": np.where(treat, "treated_path", "concurrent_untreated"),
        **{name: fixed[name] for name in ("sex", "age_years", "height_cm")},
        **timed("symptoms_at", symptoms, "day"),
        **timed("hospital_at", hospital_at),
        **timed("icu_at", icu_at),
        **timed("ventilated_at", ward.zero),
        "calendar_month": moment(hospital_at).dt.strftime("%Y-%m"),
        **{name: fixed[name] for name in COMORBIDITIES},
    }
    return table(ward, site_ids(ward.hospital), columns)


def fixed_columns(key: Key, patient: NDArray[np.int64]) -> pl.DataFrame:
    """What a patient brings: sex, age, height and comorbidities, a row each."""
    draws = uniform(key, Process.COMORBIDITY, patient[:, None], draw=np.arange(len(COMORBIDITIES)))
    return pl.DataFrame(
        {
            "sex": np.where(uniform(key, Process.SEX, patient) < _FEMALE, "female", "male"),
            "age_years": decimal_text(rounded(ages(key, patient), 0), 0),
            "height_cm": decimal_text(rounded(heights(key, patient), 0), 0),
            **{name: _yes(draws[:, i] < _SHARES[name]) for i, name in enumerate(COMORBIDITIES)},
        }
    )


def deferral_table(ward: Ward, at: Minutes) -> pl.DataFrame:
    """Not today, on the morning `at`, for whoever is ventilated then and is decided on later or never."""
    row = np.flatnonzero((at < ward.first_end) & ward.seen(at) & (ward.decided > at) & (ward.barred > at))
    before = at[row] < ward.conduct.offered
    columns = {
        "decision_id": of(ward.subject_id, row) + "-D0",
        "subject_id": of(ward.subject_id, row),
        "decided_at": moment(at[row]),
        "decision": "defer",
        "decided_by": site_ids(ward.hospital[row]) + "-DOC",
        "reason": np.where(before, "no_product", "clinician"),
        "product_available": ~before,
    }
    return table(ward, site_ids(ward.hospital[row]), columns)


def decision_table(ward: Ward) -> pl.DataFrame:
    """One decision per patient: treat, or why not. Not decided at the lock: deferred."""
    end = ward.first_end
    decided = ward.decided < NEVER
    barred = ward.barred < end
    at = np.where(decided, ward.decided, np.minimum(end, ward.barred))
    pending = ~ward.seen(at)
    treat = decided & ward.treats
    states = [pending, barred, decided & ward.refused, decided, ward.lost == end, ward.died == end]
    whys = ["clinician", "not_eligible", "no_consent", "no_product", "transferred", "died_first"]
    reason = np.select(states, whys, "improving")
    columns = {
        "decision_id": pl.Series(ward.subject_id) + "-D1",
        "subject_id": ward.subject_id,
        "decided_at": moment(np.where(pending, ward.zero, at)),
        "decision": np.select([pending, treat], ["defer", "treat"], "do_not_treat"),
        "decided_by": site_ids(ward.hospital) + "-DOC",
        "reason": pl.Series(reason).set(pl.Series(treat & ~pending), None),
        "product_available": pl.Series(treat).set(pl.Series(pending | ~decided | ward.refused), None),
    }
    return table(ward, site_ids(ward.hospital), columns)


def episode_table(ward: Ward) -> pl.DataFrame:
    """Stays, ventilation and drugs. Intensive care ends with ventilation."""
    hospital_at, icu_at = _arrival(ward)
    icu_start = ward.spell_start.copy()
    icu_start[:, 0] = icu_at
    parts = [_episodes(ward, "hospital", "HOSP", hospital_at, ward.gone)]
    for spell in range(ward.spell_start.shape[1]):
        end = ward.spell_end[:, spell]
        parts.append(_episodes(ward, "icu", f"ICU{spell + 1}", icu_start[:, spell], end))
        parts.append(_episodes(ward, "invasive_ventilation", f"VENT{spell + 1}", ward.spell_start[:, spell], end))
    for drug in ward.drugs:
        start = np.where(drug.start < ward.gone, drug.start, NEVER)
        parts.append(_episodes(ward, drug.kind, drug.mark, start, np.minimum(drug.end, ward.gone)))
    return pl.concat(parts)


def outcome_table(ward: Ward) -> pl.DataFrame:
    """Extubated, reintubated, left intensive care, left alive, moved, died; the living are seen at the lock."""
    alive = np.where(ward.seen(ward.died) | ward.seen(ward.lost), NEVER, ward.lock)
    parts = [
        _outcomes(ward, "left_hospital_alive", "HOME", ward.left),
        _outcomes(ward, "died", "DIED", ward.died),
        _outcomes(ward, "transferred", "MOVED", ward.lost),
        _outcomes(ward, "seen_alive", "SEEN", alive),
    ]
    for spell in range(ward.spell_end.shape[1]):
        end = ward.spell_end[:, spell]
        off = np.where((end == ward.died) | (end == ward.lost), NEVER, end)
        parts.append(_outcomes(ward, "extubated", f"EXT{spell + 1}", off))
        parts.append(_outcomes(ward, "left_icu", f"ICU{spell + 1}", off))
        if spell:
            parts.append(_outcomes(ward, "reintubated", f"TUBE{spell + 1}", ward.spell_start[:, spell]))
    return pl.concat(parts)


def heights(key: Key, patient: NDArray[np.int64]) -> Floats:
    """Centimetres."""
    return _cut(normal(key, Process.BODY, patient), _HEIGHT)


def ages(key: Key, patient: NDArray[np.int64]) -> Floats:
    """Years."""
    return _cut(normal(key, Process.AGE, patient), _AGE)


def _arrival(ward: Ward) -> tuple[Minutes, Minutes]:
    """Arrival in hospital and in intensive care."""
    hospital = ward.zero - _before(ward, _HOSPITAL_DAYS, 1)
    icu = ward.zero - (uniform(ward.key, Process.ARRIVAL, ward.patient, draw=2) * _ICU_DAYS * DAY).astype(np.int64)
    return hospital, icu


def _episodes(ward: Ward, kind: str, mark: str, start: Minutes, end: Minutes) -> pl.DataFrame:
    rows = np.flatnonzero(ward.seen(start))
    closed = np.where(ward.seen(end), end, NEVER)[rows]
    subject = of(ward.subject_id, rows)
    columns = {
        "episode_id": subject + f"-{mark}",
        "subject_id": subject,
        "kind": kind,
        **timed("started_at", start[rows]),
        **timed("ended_at", closed),
        "ongoing": closed == NEVER,
    }
    return table(ward, site_ids(ward.hospital[rows]), columns)


def _outcomes(ward: Ward, kind: str, mark: str, at: Minutes) -> pl.DataFrame:
    rows = np.flatnonzero(ward.seen(at))
    subject = of(ward.subject_id, rows)
    columns = {
        "outcome_id": subject + f"-{mark}",
        "subject_id": subject,
        "kind": kind,
        **timed("occurred_at", at[rows]),
    }
    return table(ward, site_ids(ward.hospital[rows]), columns)


def _before(ward: Ward, days: tuple[float, float], draw: int) -> Minutes:
    least, beyond = days
    drawn = exponential(ward.key, Process.ARRIVAL, ward.patient, draw=draw)
    return np.asarray(((least + beyond * drawn) * DAY).astype(np.int64))


def _cut(z: NDArray[np.float64], spread: tuple[float, float, float, float]) -> NDArray[np.float64]:
    mean, sd, least, most = spread
    return np.clip(mean + sd * z, least, most)


def _yes(holds: NDArray[np.bool_]) -> NDArray[np.str_]:
    return np.where(holds, "yes", "no")
