"""Improvement: a change of state during ventilation after which people die less, come off sooner and are treated more.

A hazard that is multiplied by `ratio` from a moment on is the old hazard on a clock that runs at that pace from then
on. Base time is that of the old hazard, real time that of the ward.
"""

import numpy as np

from onearm.physiology.randomness import Floats, Key, Process, exponential
from onearm.physiology.simple.circumstances import Patients
from onearm.physiology.simple.settings import MultistateSettings


def improves(settings: MultistateSettings, key: Key, patient: Patients) -> Floats | None:
    """Days from ventilation to the improvement; None when the settings know none."""
    if not settings.improve_per_day:
        return None
    return np.asarray(exponential(key, Process.IMPROVEMENT, patient) / settings.improve_per_day)


def real_time(base: Floats, start: Floats | float, change: Floats | None, ratio: float) -> Floats:
    """When a clock that began at `start` and runs at pace `ratio` from `change` on shows `base`."""
    if change is None:
        return base
    turn = np.maximum(change, start)
    with np.errstate(invalid="ignore"):
        return np.where(base <= turn, base, turn + (base - turn) / ratio)


def base_time(real: Floats, start: Floats | float, change: Floats | None, ratio: float) -> Floats:
    """The reverse of `real_time`."""
    if change is None:
        return real
    turn = np.maximum(change, start)
    return np.where(real <= turn, real, turn + (real - turn) * ratio)
