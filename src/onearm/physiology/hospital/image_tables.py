"""Chest X-rays of a ward, read by two readers blind to date and treatment; a third decides where they differ.

The score is RALE, 0 to 48: the true damage as a share of the whole, seen through the film and the reader.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.hospital.host_markers import living_place
from onearm.physiology.host.patient import Courses
from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.tables.marker_tables import mornings
from onearm.physiology.tables.measurement_policy import HIGHEST_RALE
from onearm.physiology.tables.table_columns import moment, of, site_ids, table
from onearm.physiology.tables.ward import DAY, HOUR, Minutes, Ward

Whole = NDArray[np.int64]

READERS = ("READER-1", "READER-2", "READER-3")  # the last decides
CHANGES = ("better", "same", "worse")
_CHANGE = 4  # points from the image before: less is the same; assumed
_TIME, _MISSING, _NAME, _FILM = range(4)  # draws of Process.IMAGE
_LETTERS, _NAME_LENGTH = 26, 10


def image_read_table(ward: Ward, courses: Courses) -> pl.DataFrame:
    """`image_reads` of images taken by the lock of patients in hospital; names tell neither patient nor day."""
    row, day, at = _images(ward)
    scores = _scores(ward, courses, row, day, at)
    first = np.append(True, row[1:] != row[:-1])[: row.size]
    moved = np.where(first[:, None], 0, scores - np.roll(scores, 1, axis=0))
    change = 1 + np.sign(np.where(np.abs(moved) < _CHANGE, 0, moved))
    apart = np.abs(scores[:, 0] - scores[:, 1]) > ward.conduct.measurement.reads_agree_within
    decided = apart | (change[:, 0] != change[:, 1])
    # the third reader takes whichever of the two lies nearer to what the third one sees
    nearer = (np.abs(scores[:, 2] - scores[:, 1]) < np.abs(scores[:, 2] - scores[:, 0])).astype(np.int64)
    image, reader = np.nonzero(np.stack([np.ones_like(decided), np.ones_like(decided), decided], axis=1))
    source = np.where(reader == 2, nearer[image], reader)
    name = of(image_names(ward.key, ward.patient[row], day), image)
    both = '["' + name + '-R1","' + name + '-R2"]'
    columns = {
        "image_read_id": name + "-R" + pl.Series(reader + 1).cast(pl.String),
        "subject_id": of(ward.subject_id, row[image]),
        "study_uid": name,
        "modality": "chest_xray",
        "taken_at": moment(at[image]),
        "reader_id": of(READERS, reader),
        "system": "rale",
        "score": scores[image, source],
        "change": of(CHANGES, change[image, source]),
        "blinded_to_date": True,
        "blinded_to_treatment": True,
        "adjudicates": both.set(pl.Series(reader < 2), None),
    }
    return table(ward, of(site_ids(ward.hospital), row[image]), columns)


def image_is_missing(ward: Ward, days: Whole) -> NDArray[np.bool_]:
    """Whether the image of each of `days` was not taken though it was due, shape (persons, days)."""
    drawn = uniform(ward.key, Process.IMAGE, ward.patient[:, None], day=days, draw=_MISSING)
    return np.asarray(drawn < ward.conduct.measurement.chance_missing(image_minutes(ward, days)))


def image_minutes(ward: Ward, days: Whole) -> Minutes:
    """When the images of `days` since ventilation are taken: within an hour of the sample, shape (persons, days)."""
    later = uniform(ward.key, Process.IMAGE, ward.patient[:, None], day=days, draw=_TIME) * HOUR
    return on_day(ward, days, mornings(ward.key, ward.patient, ward.zero, days) + later.astype(np.int64))


def on_day(ward: Ward, days: Whole, at: Minutes) -> Minutes:
    """The times moved into the day, in 24 h since ventilation, to which they belong, shape (persons, days)."""
    start = ward.zero[:, None] + days * DAY
    return np.asarray(np.clip(at, start, start + DAY - 1))


def image_names(key: Key, patient: Whole, day: Whole) -> list[str]:
    """Pseudonymous names, drawn: ten letters each."""
    drawn = (uniform(key, Process.IMAGE, patient, day=day, draw=_NAME) * _LETTERS**_NAME_LENGTH).astype(np.int64)
    letters = drawn[:, None] // _LETTERS ** np.arange(_NAME_LENGTH) % _LETTERS + ord("A")
    return ["IMG-" + bytes(row).decode() for row in letters.astype(np.uint8)]


def _images(ward: Ward) -> tuple[Whole, Whole, Minutes]:
    """Row of the patient, day and time of each image, by patient and day."""
    days = np.array(ward.conduct.measurement.image_days, dtype=np.int64)
    at = image_minutes(ward, days)
    row, column = np.nonzero((at < ward.gone[:, None]) & ward.seen(at) & ~image_is_missing(ward, days))
    return row.astype(np.int64), days[column], at[row, column]


def _scores(ward: Ward, courses: Courses, row: Whole, day: Whole, at: Minutes) -> Whole:
    """What each reader would score, shape (images, readers)."""
    damage = courses.of("D")[row, living_place(courses, row, at - ward.zero[row])]
    share = damage / (damage + courses.draws.of("D50")[row])
    film_sd, reader_sd = (_spread(courses, symbol) for symbol in ("sd_film", "sd_reader"))
    film = normal(ward.key, Process.IMAGE, ward.patient[row], day=day, draw=_FILM)
    drawn = (ward.patient[row][:, None], day[:, None], np.arange(len(READERS)))
    reader = normal(ward.key, Process.IMAGE_READ, drawn[0], day=drawn[1], draw=drawn[2])
    seen: Floats = (HIGHEST_RALE * share + film_sd * film)[:, None] + reader_sd * reader
    return np.clip(np.rint(seen), 0, HIGHEST_RALE).astype(np.int64)


def _spread(courses: Courses, symbol: str) -> float:
    known = courses.draws.parameters
    return float(known.medians[known.column(symbol)])
