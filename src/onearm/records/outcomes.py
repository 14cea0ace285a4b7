"""Outcomes: what became of a patient, and when the patient was seen."""

from onearm.records.columns import Entered, allowed, at, identifier, precision, precision_rule, text

KINDS = (
    "extubated",
    "reintubated",
    "left_icu",
    "left_hospital_alive",
    "transferred",
    "died",
    "seen_alive",
    "lost",
    "withdrew",
    "left_or_died",
)


class Outcomes(Entered):
    """An event or a contact.

    `left_or_died`: the source does not tell them apart; an end of stay, counted neither as dead nor as alive.
    `attributed` only describes: it never removes a death.

    SDTM: DS, DD, SS · FHIR: Observation, Encounter
    """

    outcome_id = identifier("name of the outcome", key=True)
    subject_id = identifier("patient")
    kind = allowed(KINDS, "what happened")
    occurred_at = at("when it happened, or when the patient was seen")
    occurred_at_precision = precision("occurred_at")
    destination = text("where the patient went", nullable=True)
    cause = text("cause of death", nullable=True)
    attributed = text("what the death is put down to; description only", nullable=True)

    occurred_at_goes_with_its_precision = precision_rule("occurred_at")
