"""E-value (VanderWeele & Ding, Ann Intern Med 2017;167:268): how strong an unmeasured confounder would have to be.

Given for the confidence limit nearest 1, never for the point value, and only between patients followed alike: against
an aggregate cohort selection, clock and era differ too, and no single confounder stands for them.
"""

from math import inf, sqrt


def e_value(risk_ratio: float) -> float:
    """Least risk ratio of a confounder with both treatment and death that explains `risk_ratio`; 1 at 1.

    Raises ValueError unless `risk_ratio` is above 0.
    """
    if not risk_ratio > 0:
        raise ValueError(f"risk ratio {risk_ratio}: it must be above 0")
    away = max(risk_ratio, 1 / risk_ratio)
    return away + sqrt(away * (away - 1))


def e_value_of_limits(lower: float, upper: float) -> float:
    """E-value of the limit nearest 1; 1 when the interval holds 1, so that no confounder is needed.

    Raises ValueError unless 0 <= lower <= upper, with upper above 0.
    """
    if not (0 <= lower <= upper and upper > 0):
        raise ValueError(f"limits {lower} to {upper}: give 0 <= lower <= upper, upper above 0")
    return 1.0 if lower <= 1 <= upper else e_value(upper if upper < 1 else lower)


def bias_factor(with_death: float, with_treatment: float) -> float:
    """Most by which a confounder of these two risk ratios (each >= 1) can move a risk ratio (Ding & VanderWeele 2016).

    Raises ValueError for a ratio below 1: turn the coding of the confounder round.
    """
    if with_death < 1 or with_treatment < 1:
        raise ValueError(
            f"risk ratios {with_death} and {with_treatment}: code the confounder so that both are 1 or more"
        )
    return with_death * with_treatment / (with_death + with_treatment - 1)


def risk_ratio_of(hazard_ratio: float) -> float:
    """Approximate risk ratio of a hazard ratio when the outcome is common (VanderWeele, Biometrics 2020;76:746)."""
    if hazard_ratio in (0, inf):
        return hazard_ratio
    return float((1 - 0.5 ** sqrt(hazard_ratio)) / (1 - 0.5 ** sqrt(1 / hazard_ratio)))
