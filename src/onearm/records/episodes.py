"""Episodes: what has a start and an end, from a hospital stay to a drug."""

import dataframely as dy
import polars as pl

from onearm.records.columns import (
    Entered,
    allowed,
    at,
    boolean,
    decimal,
    identifier,
    in_order,
    precision,
    precision_rule,
    text,
    together,
)

STAYS = ("hospital", "icu")
BREATHING = ("invasive_ventilation", "noninvasive_ventilation", "high_flow_oxygen")  # never two at once
KINDS = (
    *STAYS,
    *BREATHING,
    "ecmo",
    "renal_replacement",
    "prone",
    "tracheostomy",
    "noradrenaline",
    "other_vasopressor",
    "corticosteroid",
    "tocilizumab",
    "anakinra",
    "remdesivir",
    "other_antiviral",
    "anticoagulant",
    "antibiotic",
    "sedation",
    "treatment_limit",
    "severe_state",
    "other_treatment",
)


class Episodes(Entered):
    """A stay, a support, a drug, a procedure or a state, with its start and its end.

    `severe_state` is for sources that grade severity and is never read as ventilation. `other_treatment` is named in
    `agent`. A procedure ends when it starts.

    SDTM: CM, PR, HO · FHIR: Procedure, Encounter, MedicationAdministration
    """

    episode_id = identifier("name of the episode", key=True)
    subject_id = identifier("patient")
    kind = allowed(KINDS, "what it is")
    agent = text("drug, device or procedure, where the kind does not say it", nullable=True)
    dose = decimal("0", "1000000", "dose, in dose_unit", nullable=True)
    dose_unit = text("unit of the dose", nullable=True, coded=True)
    started_at = at("start")
    started_at_precision = precision("started_at")
    ended_at = at("end; empty: still going, or the end is not known", nullable=True)
    ended_at_precision = precision("ended_at", nullable=True)
    ongoing = boolean("true: still going when last seen; false without an end: the end is not known")
    end_reason = text("why it ended", nullable=True)

    started_at_goes_with_its_precision = precision_rule("started_at")
    ended_at_goes_with_its_precision = precision_rule("ended_at")

    @dy.rule()
    def ends_after_it_starts(cls) -> pl.Expr:
        return in_order("started_at", "ended_at")

    @dy.rule()
    def ongoing_has_no_end(cls) -> pl.Expr:
        return ~(pl.col("ongoing") & pl.col("ended_at").is_not_null())

    @dy.rule()
    def other_treatment_is_named_in_agent(cls) -> pl.Expr:
        return (pl.col("kind") != "other_treatment") | pl.col("agent").is_not_null()

    @dy.rule()
    def dose_has_its_unit(cls) -> pl.Expr:
        return together("dose", "dose_unit")
