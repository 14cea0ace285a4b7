"""Patients per arm of a randomised trial with two proportions (Fleiss, Levin and Paik 2003, without correction)."""

from math import ceil, sqrt


def patients_per_arm(control: float, treated: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Two-sided `alpha`, 1:1. Raises ValueError for risks outside 0..1 or equal."""
    from scipy.special import ndtri  # loaded on use

    if not (0 < control < 1 and 0 <= treated < 1) or control == treated:
        raise ValueError(f"control risk {control} and treated risk {treated}: give two different risks below 1")
    a, b = float(ndtri(1 - alpha / 2)), float(ndtri(power))
    middle = (control + treated) / 2
    spread = a * sqrt(2 * middle * (1 - middle)) + b * sqrt(control * (1 - control) + treated * (1 - treated))
    return ceil((spread / (control - treated)) ** 2)
