"""Adverse events: what went wrong, how badly, and whether the medicine is held to have done it."""

import dataframely as dy
import polars as pl

from onearm.records.columns import (
    Entered,
    allowed,
    at,
    boolean,
    identifier,
    in_order,
    integer,
    json_set,
    text,
    together,
)

CRITERIA = ("death", "life_threatening", "hospitalisation", "disability", "congenital", "important")


class AdverseEvents(Entered):
    """One adverse event. Seriousness, severity grade and relation are three different things.

    SDTM: AE · FHIR: AdverseEvent
    """

    event_id = identifier("name of the event", key=True)
    subject_id = identifier("patient")
    term = text("what happened, in words")
    ctcae_term = text("term of CTCAE", nullable=True, coded=True)
    grade = integer(1, 5, "severity grade of CTCAE, 1 to 5")
    started_at = at("start")
    ended_at = at("end", nullable=True)
    serious = boolean("whether it is serious")
    criteria = json_set(CRITERIA, "why it is serious: list; [] when it is not")
    relation = allowed(("not", "unlikely", "possible", "probable", "definite"), "relation to the medicine")
    expected = boolean("whether the reference document expects it", nullable=True)
    action = text("what was done with the treatment")
    outcome = allowed(("resolved", "resolving", "not_resolved", "sequelae", "fatal", "unknown"), "how it ended")
    suggested_by_rule = text("rule that suggested it", nullable=True, coded=True)
    reported_at = at("when it was reported")
    reviewed_by = identifier("sponsor physician who reviewed it", nullable=True)
    narrative = text("the story")
    meddra_code = text("MedDRA code; empty without a licence", nullable=True, coded=True)
    meddra_version = text("MedDRA version", nullable=True, coded=True)

    @dy.rule()
    def ends_after_it_starts(cls) -> pl.Expr:
        return in_order("started_at", "ended_at")

    @dy.rule()
    def reported_after_it_starts(cls) -> pl.Expr:
        return in_order("started_at", "reported_at")

    @dy.rule()
    def serious_has_a_criterion_and_only_then(cls) -> pl.Expr:
        return pl.col("serious") == (pl.col("criteria") != "[]")

    @dy.rule()
    def grade_5_is_fatal_and_only_then(cls) -> pl.Expr:
        return (pl.col("grade") == 5) == (pl.col("outcome") == "fatal")

    @dy.rule()
    def fatal_event_is_serious_by_death(cls) -> pl.Expr:
        return (pl.col("outcome") != "fatal") | pl.col("criteria").str.contains('"death"', literal=True)

    @dy.rule()
    def meddra_code_has_its_version(cls) -> pl.Expr:
        return together("meddra_code", "meddra_version")
