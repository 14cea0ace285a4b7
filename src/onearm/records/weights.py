"""Weights: the body weights a dose may rest on, and how each was got."""

from onearm.records.columns import Entered, allowed, at, decimal, identifier


class Weights(Entered):
    """One body weight.

    SDTM: VS · FHIR: Observation
    """

    weight_id = identifier("name of the weight", key=True)
    subject_id = identifier("patient")
    measured_at = at("when")
    weight_kg = decimal("1", "500", "body weight, kg")
    method = allowed(
        ("scale", "bed", "relative", "patient", "guess"), "scale, bed scale, told by a relative or the patient, guess"
    )
