"""What differs between persons beside severity: era, hospital, corticosteroid, and what each does to their rates.

With the settings at their defaults nothing is drawn and no bit changes.
"""

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.simple.settings import MultistateSettings

Bools = NDArray[np.bool_]
Patients = NDArray[np.int64]  # numbers of persons, shape (persons,), or (trials, persons) where rows differ


def hospital_of(settings: MultistateSettings, key: Key, patient: Patients) -> NDArray[np.int64]:
    """Number of the hospital of each person."""
    share = uniform(key, Process.SITE, patient)
    return settings.first_hospital + (share * settings.hospitals).astype(np.int64)


def steroid_given(settings: MultistateSettings, key: Key, patient: Patients) -> Bools:
    """Whether a person gets a corticosteroid."""
    return np.asarray(uniform(key, Process.STEROID, patient) < settings.steroid_share)


def is_earlier(settings: MultistateSettings, key: Key, patient: Patients) -> Bools:
    """Whether a person is of the era in which nothing was on offer."""
    return np.asarray(uniform(key, Process.ERA, patient) < settings.earlier_share)


def death_factor(settings: MultistateSettings, key: Key, patient: Patients) -> Floats | float:
    """What multiplies the death hazard of each person beside severity; 1.0 when nothing does."""
    factor: Floats | float = 1.0
    if settings.centre_death_sd:
        hospital = hospital_of(settings, key, patient)
        factor = factor * np.exp(settings.centre_death_sd * normal(key, Process.CENTRE, hospital))
    if settings.steroid_death_ratio != 1:
        factor = factor * np.where(steroid_given(settings, key, patient), settings.steroid_death_ratio, 1.0)
    if settings.earlier_share and settings.earlier_death_ratio != 1:
        factor = factor * np.where(is_earlier(settings, key, patient), settings.earlier_death_ratio, 1.0)
    return factor


def rate_factor(settings: MultistateSettings, key: Key, patient: Patients) -> Floats | float:
    """What multiplies the rate of treating of each person beside severity; 0 in the earlier era."""
    factor: Floats | float = 1.0
    if settings.centre_rate_sd:
        hospital = hospital_of(settings, key, patient)
        factor = factor * np.exp(settings.centre_rate_sd * normal(key, Process.CENTRE, hospital, draw=1))
    if settings.steroid_gamma:
        factor = factor * np.where(steroid_given(settings, key, patient), np.exp(settings.steroid_gamma), 1.0)
    if settings.earlier_share:
        factor = factor * np.where(is_earlier(settings, key, patient), 0.0, 1.0)
    return factor
