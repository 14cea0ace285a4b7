"""Whether a number may be read, and why not."""

from enum import StrEnum


class Status(StrEnum):
    """State of a result. Only `OK` carries a value; every other one carries a remedy."""

    OK = "ok"
    NO_PATIENTS = "no_patients"
    ONE_ARM = "one_arm"
    NO_EVENTS = "no_events"
    TOO_FEW = "too_few"
    NOT_REPORTED = "not_reported"
    REFUSED = "refused"


class Role(StrEnum):
    """What a figure may be used for on the page."""

    PRIMARY = "primary"
    SECOND = "second"
    SENSITIVITY = "sensitivity"
    SIZE = "size"  # printed "context for size", never "admitted"
    BACKGROUND = "background"
    REFUSED = "refused"  # a form that must not be used as a comparison; its value may be shown
