"""Sources: where rows come from, who is in them and when their clock starts."""

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, day, identifier, json_text, pattern, text

CLOCK_STARTS = ("ventilation", "icu", "hospital", "severe_state", "listing", "other")


class Sources(Entered):
    """One study, cohort or simulation that rows were taken from.

    Aggregate comparators are not here: they are PublishedCohort in the study folder.
    Source of day zero: the event named by `clock_start`, unless the protocol names another.

    SDTM: TS or sponsor file · FHIR: Evidence, Group
    """

    source_id = identifier("name of the source", key=True)
    title = text("what it is called")
    kind = allowed(
        ("own_study", "concurrent_untreated", "individual_external", "virtual"), "what its patients are to this study"
    )
    population = text("who is in it, in words")
    setting = text("kind of ward or hospitals")
    country = text("country or countries")
    first_date = day("first calendar date of entry", nullable=True)
    last_date = day("last calendar date of entry", nullable=True)
    entry_rule = text("how a patient came in")
    time_zero_rule = text("what the source calls its day zero")
    time_basis = allowed(
        ("calendar", "shifted", "day_only"),
        "calendar: true dates; shifted: dates moved by a secret offset; day_only: day k is stored as "
        "2000-01-01T12:00Z + k x 24 h",
    )
    clock_start = allowed(
        CLOCK_STARTS,
        "event of day zero: first invasive_ventilation or severe_state episode, icu_at, hospital_at, or listed_at "
        "(accepted for a waiting list)",
    )
    licence = text("licence of the rows", coded=True)
    retrieved_at = at("when the file was fetched")
    file_sha256 = pattern("^[0-9a-f]{64}$", "SHA-256 of the file as fetched, hexadecimal")
    missing_fields = json_text("columns the source does not hold and that therefore read unknown: list of names")

    @dy.rule()
    def first_date_is_not_after_last_date(cls) -> pl.Expr:
        return (
            pl.col("first_date").is_null()
            | pl.col("last_date").is_null()
            | (pl.col("first_date") <= pl.col("last_date"))
        )
