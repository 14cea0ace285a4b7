"""Random numbers keyed by what they are for: seed, trial, patient, process and day.

Counter-based Philox4x64-10 (Salmon et al., SC 2011): key = (seed, trial), counter = (day + 2^31, process, patient,
draw). One block gives one variate, from its first word; normals and exponentials by inverse CDF. Nothing has a state:
another patient, day or process moves no number, and neither do blocks, cores or order.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

DAY_OFFSET = 2**31  # so that days before day zero are legal
_WORD = 2**64
_LARGEST = 1 - 2.0**-53


class Process(IntEnum):
    """What a number is drawn for. A number here is never used for anything else and never changed."""

    SEVERITY = 1
    MEASURED_SEVERITY = 2
    DEATH = 3
    EXTUBATION = 4  # draw = spell
    DECISION = 5
    FOLLOW_UP = 6
    LEAVING = 7  # draw = spell
    REINTUBATION = 8  # draw = spell
    SITE = 9
    ENTRY = 10
    ARRIVAL = 11  # draw = symptoms, hospital, intensive care
    AGE = 12
    SEX = 13
    COMORBIDITY = 14  # draw = place in COMORBIDITIES
    BODY = 15  # draw = height, weight
    STEROID = 16  # draw = given, start
    SAMPLE = 17
    MARKER = 18  # draw = number of the marker
    MISSING = 19  # draw = number of the marker
    BAG = 20  # patient = number of the bag; draw = count, viability
    LOT = 21  # patient = number of the lot
    CENTRE = 22  # patient = number of the hospital; draw = death, rate of treating
    ERA = 23
    LOSS = 24
    MISCODING = 25
    TEST = 26  # patient = 0; what a randomised p needs
    IMPROVEMENT = 27
    PARAMETER = 28  # draw = number of the parameter in parameters.toml
    HOST_DEATH = 29
    HOST_CHANGE = 30  # draw = 0 first extubation, 1 first reintubation, 2 second extubation ...
    HOST_CAUSE = 31
    HOST_MARKER = 32  # draw = number of the marker
    HOST_ASSAY = 33  # the same
    HOST_DECISION = 34
    CALIBRATION = 35  # patient = row of the table; draw = place of the parameter
    POSTERIOR = 36
    SINGLE_ARM = 37  # treating and follow-up of uncontrolled groups
    DOSES = 38  # draw = how many, days between
    TRANSPORT = 39  # patient = number of the bag
    REACTION = 40  # draw = number of the dose
    ICU_EVENT = 41  # day
    TRANSFER = 42
    SCREENING = 43  # draw = consent, number of the criterion
    CO_TREATMENT = 44  # draw = drug, start
    RECORD_ERROR = 45  # draw = kind
    HOSPITAL_UNIT = 46  # patient = number of the hospital; draw = number of the marker
    HOSPITAL_LIMIT = 47  # the same
    VISIT = 48  # kept or not
    IMAGE = 49  # draw = time, missing, name, film
    IMAGE_READ = 50  # draw = place of the reader


class Key(NamedTuple):
    """What all numbers of one virtual trial share, or those of many: `trial` may be an array, shape (trials, 1)."""

    seed: int
    trial: int | NDArray[np.uint64]

    @classmethod
    def of_trials(cls, seed: int, first: int, count: int) -> "Key":
        """Trials `first` to `first + count - 1`, one row each. A row holds the bits of its trial drawn alone."""
        return cls(seed, np.arange(first, first + count, dtype=np.uint64)[:, None])


def uniform(key: Key, process: Process, patient: ArrayLike, *, day: ArrayLike = 0, draw: ArrayLike = 0) -> Floats:
    """Uniform on (0, 1); patient, day and draw, with an array of trials, broadcast and give the shape."""
    patients, days, draws = np.broadcast_arrays(*(np.asarray(x, dtype=np.int64) for x in (patient, day, draw)))
    if isinstance(key.trial, np.ndarray):
        trials, patients, days, draws = np.broadcast_arrays(key.trial, patients, days, draws)
        key = Key(key.seed, trials.ravel())
    counter = ((days + DAY_OFFSET).ravel(), process, patients.ravel(), draws.ravel())
    return _unit(philox(key, *counter)).reshape(patients.shape)


def normal(key: Key, process: Process, patient: ArrayLike, *, day: ArrayLike = 0, draw: ArrayLike = 0) -> Floats:
    """Standard normal."""
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform(key, process, patient, day=day, draw=draw)), dtype=np.float64)


def exponential(key: Key, process: Process, patient: ArrayLike, *, day: ArrayLike = 0, draw: ArrayLike = 0) -> Floats:
    """Exponential with mean 1."""
    return np.asarray(-np.log1p(-uniform(key, process, patient, day=day, draw=draw)), dtype=np.float64)


def philox(key: Key, *counter: ArrayLike) -> Words:
    """First word of the Philox4x64-10 block of each counter of four words, which broadcast to one dimension.

    An array of trials has that dimension too.
    """
    from onearm.physiology.philox_kernel import first_words

    if not all(0 <= k < _WORD for k in key if isinstance(k, int)):
        raise ValueError(f"seed and trial must lie in 0..2^64-1, not {key.seed}, {key.trial}")
    c0, c1, c2, c3 = (np.atleast_1d(np.asarray(c)).astype(np.uint64) for c in counter)
    trial = key.trial if isinstance(key.trial, np.ndarray) else np.array([key.trial], dtype=np.uint64)
    first = np.empty(np.broadcast_shapes(c0.shape, c1.shape, c2.shape, c3.shape), dtype=np.uint64)
    first_words(np.uint64(key.seed), trial, c0, c1, c2, c3, first)
    return first


def _unit(words: Words) -> Floats:
    """((word >> 11) + 1/2) 2^-53, kept below 1 where the sum rounds up."""
    halves = (words >> np.uint64(11)).astype(np.float64) + 0.5
    return np.asarray(np.minimum(halves * 2.0**-53, _LARGEST), dtype=np.float64)
