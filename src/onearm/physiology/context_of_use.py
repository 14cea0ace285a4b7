"""The context of use in words: what virtual courses may answer, and what nobody may read from them."""

from collections.abc import Mapping
from types import MappingProxyType

from onearm.physiology.purpose import Purpose

ALLOWED: Mapping[Purpose, str] = MappingProxyType(
    {
        Purpose.METHOD_VALIDATION: "how often a method errs, and by how much, where the truth is known",
        Purpose.DESIGN: "what a design could find: its power, and when and how often to measure",
        Purpose.SAMPLING_PLAN: "when to draw C-reactive protein or interleukin 6, and what change can be seen",
        Purpose.TEACHING: "immortal time, regression to the mean, averages of survivors",
        Purpose.SENSITIVITY: "which assumption a conclusion hangs on",
    }
)
FORBIDDEN = (
    "benefit or risk of a real person, or a fit to one",
    "the choice of a dose",
    "evidence, similar cases or a comparator of a real study",
    "an expected benefit of cells; any published contrast of mortality as a calibrated effect",
    "other cells or routes, more than three doses, more than 3 million cells per kg",
    "safety: embolism and thrombosis are not in the model",
)
