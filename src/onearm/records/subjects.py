"""Subjects: one row per patient, as at arrival. What happened later stands in episodes, measurements and outcomes."""

import dataframely as dy
import polars as pl

from onearm.records.columns import (
    Entered,
    allowed,
    at,
    decimal,
    identifier,
    integer,
    pattern,
    precision,
    precision_rule,
    text,
)

COMORBIDITIES = (
    "hypertension",
    "diabetes",
    "copd",
    "chronic_kidney",
    "heart_failure",
    "active_cancer",
    "immunosuppressed",
    "obesity",
    "liver",
    "smoker",
)
_KNOWN = ("yes", "no", "unknown")


class Subjects(Entered):
    """A patient, by pseudonym: own SNN-NNN, virtual VNN-NNN, of another source any other id.

    No index time, arm or "treated" flag is stored: `cohort` computes them with a named, versioned rule. No name, birth
    date, hospital number or address: no column exists.

    SDTM: DM, SC, MH · FHIR: Patient, ResearchSubject, Encounter, Condition
    """

    subject_id = identifier("pseudonym; the key list stays at the site", key=True)
    source_id = identifier("source the patient belongs to")
    cohort = allowed(
        ("treated_path", "concurrent_untreated", "individual_external"), "how the patient came to be in these records"
    )
    sex = allowed(("female", "male", "unknown"), "sex")
    age_years = decimal("0", "120", "age at arrival, years; below 90", nullable=True)
    age_low = integer(0, 120, "lower end of the age band, years: age_low <= age", nullable=True)
    age_high = integer(1, 121, "upper end of the age band, years: age < age_high; empty for 90 or more", nullable=True)
    height_cm = decimal("40", "250", "height, cm", nullable=True)
    symptoms_at = at("first symptoms", nullable=True)
    symptoms_at_precision = precision("symptoms_at", nullable=True)
    hospital_at = at("arrival in hospital", nullable=True)
    hospital_at_precision = precision("hospital_at", nullable=True)
    icu_at = at("arrival in intensive care", nullable=True)
    icu_at_precision = precision("icu_at", nullable=True)
    ventilated_at = at("start of the first invasive_ventilation episode", nullable=True)
    ventilated_at_precision = precision("ventilated_at", nullable=True)
    listed_at = at("accepted for a waiting list", nullable=True)
    listed_at_precision = precision("listed_at", nullable=True)
    calendar_month = pattern(
        "^[0-9]{4}-(0[1-9]|1[0-2])$", "month of arrival, YYYY-MM, known even when the clock is shifted", nullable=True
    )
    region = text("part of the country", nullable=True)
    hypertension = allowed(_KNOWN, "arterial hypertension before this illness")
    diabetes = allowed(_KNOWN, "diabetes mellitus before this illness")
    copd = allowed(_KNOWN, "chronic obstructive pulmonary disease before this illness")
    chronic_kidney = allowed(_KNOWN, "chronic kidney disease before this illness")
    heart_failure = allowed(_KNOWN, "heart failure before this illness")
    active_cancer = allowed(_KNOWN, "cancer under treatment or not in remission")
    immunosuppressed = allowed(_KNOWN, "immunosuppressed before this illness")
    obesity = allowed(_KNOWN, "obesity (body mass index 30 kg/m2 or more)")
    liver = allowed(_KNOWN, "chronic liver disease before this illness")
    smoker = allowed(_KNOWN, "smokes at arrival")
    apache2 = integer(0, 71, "APACHE II score of the first 24 h in intensive care", nullable=True)

    symptoms_at_goes_with_its_precision = precision_rule("symptoms_at")
    hospital_at_goes_with_its_precision = precision_rule("hospital_at")
    icu_at_goes_with_its_precision = precision_rule("icu_at")
    ventilated_at_goes_with_its_precision = precision_rule("ventilated_at")
    listed_at_goes_with_its_precision = precision_rule("listed_at")

    @dy.rule()
    def age_or_age_band_is_given(cls) -> pl.Expr:
        return pl.any_horizontal(pl.col("age_years", "age_low", "age_high").is_not_null())

    @dy.rule()
    def age_of_90_or_more_is_age_low_90_alone(cls) -> pl.Expr:
        years, low, high = pl.col("age_years"), pl.col("age_low"), pl.col("age_high")
        past = (years >= 90).fill_null(False) | (low > 90).fill_null(False)
        return ~past & ((low != 90).fill_null(True) | (years.is_null() & high.is_null()))

    @dy.rule()
    def age_low_is_below_age_high(cls) -> pl.Expr:
        return pl.col("age_low").is_null() | pl.col("age_high").is_null() | (pl.col("age_low") < pl.col("age_high"))

    @dy.rule()
    def age_lies_in_its_band(cls) -> pl.Expr:
        years = pl.col("age_years")
        return (years >= pl.col("age_low")).fill_null(True) & (years < pl.col("age_high")).fill_null(True)
