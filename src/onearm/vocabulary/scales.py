"""Scales: ranges and labels of WHO, SOFA and CTCAE, and the codes of the day states."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class DayState(IntEnum):
    """Where a patient is at the start of a day; death absorbs."""

    V = 0  # ventilated
    E = 1  # off the ventilator, in hospital
    H = 2  # left hospital alive
    D = 3  # dead
    U = 4  # not known any more


DAY_STATE_LABELS: Mapping[DayState, tuple[str, str]] = MappingProxyType(
    {
        DayState.V: ("ventilated", "con ventilación mecánica"),
        DayState.E: ("off the ventilator, in hospital", "sin ventilación, en el hospital"),
        DayState.H: ("left hospital alive", "de alta con vida"),
        DayState.D: ("dead", "fallecido"),
        DayState.U: ("not known any more", "ya no se sabe"),
    }
)


@dataclass(frozen=True, slots=True)
class Scale:
    """An ordinal scale: whole numbers from `low` to `high`, worse upwards, a label (English, Spanish) for each."""

    marker: str  # its name in the marker dictionary; "" when it is no marker
    labels: Mapping[int, tuple[str, str]]

    @property
    def low(self) -> int:
        return min(self.labels)

    @property
    def high(self) -> int:
        return max(self.labels)

    def label(self, value: int, language: str = "en") -> str:
        """The label of a value. Raises ValueError outside the scale."""
        if value not in self.labels:
            raise ValueError(f"{self.marker or 'grade'} {value}: {self.low} to {self.high} is allowed.")
        return self.labels[value][0 if language == "en" else 1]


def _scale(marker: str, first: int, *labels: tuple[str, str]) -> Scale:
    return Scale(marker, MappingProxyType(dict(enumerate(labels, first))))


# WHO Working Group, Lancet Infect Dis 2020;20:e192-e197 (clinical progression scale, June 2020)
WHO_2020 = _scale(
    "who_scale_2020",
    0,
    ("not infected", "sin infección"),
    ("ambulatory, no symptoms", "ambulatorio, sin síntomas"),
    ("ambulatory, symptoms, independent", "ambulatorio, con síntomas, independiente"),
    ("ambulatory, symptoms, needs assistance", "ambulatorio, con síntomas, necesita ayuda"),
    ("in hospital, no oxygen", "hospitalizado, sin oxígeno"),
    ("in hospital, oxygen by mask or prongs", "hospitalizado, oxígeno por mascarilla o gafas"),
    ("in hospital, noninvasive ventilation or high flow", "hospitalizado, ventilación no invasiva o alto flujo"),
    ("ventilated, P/F >= 150 or S/F >= 200", "ventilado, P/F >= 150 o S/F >= 200"),
    ("ventilated, P/F < 150 (S/F < 200) or vasopressors", "ventilado, P/F < 150 (S/F < 200) o vasopresores"),
    (
        "ventilated, P/F < 150 and vasopressors, dialysis or ECMO",
        "ventilado, P/F < 150 y vasopresores, diálisis o ECMO",
    ),
    ("dead", "fallecido"),
)
# WHO R&D Blueprint, COVID-19 therapeutic trial synopsis, 18 February 2020 (ordinal scale for clinical improvement)
WHO_FEB_2020 = _scale(
    "who_ordinal_feb2020",
    0,
    ("no sign of infection", "sin indicios de infección"),
    ("ambulatory, no limitation", "ambulatorio, sin limitación"),
    ("ambulatory, limited", "ambulatorio, con limitación"),
    ("in hospital, no oxygen", "hospitalizado, sin oxígeno"),
    ("in hospital, oxygen by mask or prongs", "hospitalizado, oxígeno por mascarilla o gafas"),
    ("in hospital, noninvasive ventilation or high flow", "hospitalizado, ventilación no invasiva o alto flujo"),
    ("in hospital, intubated", "hospitalizado, intubado"),
    ("ventilated and vasopressors, dialysis or ECMO", "ventilado y vasopresores, diálisis o ECMO"),
    ("dead", "fallecido"),
)
CTCAE_GRADE = _scale(
    "",
    1,
    ("mild", "leve"),
    ("moderate", "moderado"),
    ("severe", "grave"),
    ("life-threatening", "potencialmente mortal"),
    ("death", "muerte"),
)

SOFA_PARTS = (
    "sofa_respiration",
    "sofa_coagulation",
    "sofa_liver",
    "sofa_cardiovascular",
    "sofa_nervous",
    "sofa_renal",
)
SOFA_PART_RANGE = (0, 4)
SOFA_TOTAL_RANGE = (0, 24)


def sofa_total(parts: Mapping[str, int | None]) -> int | None:
    """Sum of the six SOFA parts (Vincent et al. 1996); None unless all six are there: missing is not normal.

    Raises ValueError for a part outside 0 to 4 or an unknown part.
    """
    low, high = SOFA_PART_RANGE
    for name, value in parts.items():
        if name not in SOFA_PARTS:
            raise ValueError(f"{name} is no SOFA part; parts are: {', '.join(SOFA_PARTS)}.")
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name} {value}: {low} to {high} is allowed.")
    values = [parts.get(name) for name in SOFA_PARTS]
    known = [v for v in values if v is not None]
    return sum(known) if len(known) == len(values) else None
