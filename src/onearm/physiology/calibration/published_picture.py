"""How often 13 patients to whom nothing was given look like the 13 of BALMYS-19: a check of the model, never a fit."""

from dataclasses import dataclass

import numpy as np

from onearm.physiology.calibration.calibrate import parameters_at
from onearm.physiology.calibration.uncontrolled import End, Entry, ends
from onearm.physiology.purpose import Purpose, require_purpose
from onearm.physiology.randomness import Floats, Key

PATIENTS = 13
MOST_DEAD, LEAST_EXTUBATED = 2, 7
ENTRIES = (
    Entry("treated at random"),
    Entry("the less severe treated, two days from decision to infusion", gamma=-0.7, lag_days=2.0),
)
_PERSONS = 700


@dataclass(frozen=True, slots=True)
class PublishedPicture:
    """Shares of groups of 13 without any effect."""

    entry: str
    groups: int
    few_dead: float  # 2 or fewer
    many_extubated: float  # 7 or more
    both: float
    mean_dead: float  # share of the patients
    mean_extubated: float


def published_picture(shares: Floats, entry: Entry, *, seed: int, purpose: Purpose) -> PublishedPicture:
    """Groups of 13 in hospitals at `shares` of the prior, shape (draws, parameters); nothing works in them."""
    require_purpose(purpose)
    dead, extubated = [], []
    for row, share in enumerate(shares):
        found = ends(parameters_at(share), Key(seed, row), _PERSONS, entry, purpose=purpose)
        groups = found[: found.size // PATIENTS * PATIENTS].reshape(-1, PATIENTS)
        dead.append((groups == End.DEAD).sum(axis=1))
        extubated.append((groups == End.EXTUBATED).sum(axis=1))
    d, e = np.concatenate(dead), np.concatenate(extubated)
    if d.size == 0:
        raise ValueError(f"{entry.name}: fewer than {PATIENTS} of {_PERSONS} persons were treated; raise per_day")
    few, many = d <= MOST_DEAD, e >= LEAST_EXTUBATED
    return PublishedPicture(
        entry.name,
        d.size,
        float(few.mean()),
        float(many.mean()),
        float((few & many).mean()),
        float(d.mean() / PATIENTS),
        float(e.mean() / PATIENTS),
    )
