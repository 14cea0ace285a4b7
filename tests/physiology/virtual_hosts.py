"""Small worlds for the tests of the model of the host."""

import numpy as np

from onearm.physiology.host.parameters import default_parameters
from onearm.physiology.host.patient import draw_patients, simulate_patients
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.randomness import Key

KEY = Key(20261125, 1)
WHY = Purpose.METHOD_VALIDATION
REGISTRY = default_parameters()
ON = Efficacy(1.0, "a test", "large enough to be seen")


def drawn(patients, **values):
    """Patients by number, with some values set."""
    return draw_patients(REGISTRY, KEY, patients, purpose=WHY).with_values(**values)


def alike(count=1, **values):
    """Patients who differ in nothing but their thresholds."""
    middle = REGISTRY.without_spread()
    return draw_patients(middle, KEY, np.arange(count), purpose=WHY).with_values(**values)


def reynolds(hours, *, rtol=1e-10, **values):
    """P, N, D, C of the published model at some hours, shape (hours, 4)."""
    host = alike(**{"tempo": 1.0, "pf_vent": 40.0, "P_0": 1.0, **values})  # P/F 40 is never reached
    courses = simulate_patients(host, purpose=WHY, days=np.asarray(hours) / 24, from_onset=True, rtol=rtol)
    return courses.daily[0, :, :4]


def same_bits(a, b):
    """Whether all that is computed is equal, bit for bit."""
    names = ("daily", "onset_to_ventilation_days", "ventilation_changes", "death_day", "death_cause", "discharge_day")
    return all(getattr(a, n).tobytes() == getattr(b, n).tobytes() for n in (*names, "steps"))
