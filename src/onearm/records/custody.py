"""Custody: what happened to a container, in order, and which event may follow which. Append-only by nature.

The state of a container is the replay of its events through TRANSITIONS; any other pair is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import dataframely as dy
import polars as pl

from onearm.records.columns import Entered, allowed, at, decimal, identifier, text

# before thaw; `held` and the ends stand apart
BEFORE_THAW = ("stock", "allocated", "packed", "in_transit", "received")
LIVE = (*BEFORE_THAW, "held", "thawing", "thawed", "issued", "at_bedside", "infusing")
ENDS = ("infused", "rejected", "returned", "destroyed", "lost", "recalled")
STATES = (*LIVE, *ENDS)
PREVIOUS = "previous"  # back to the state before the hold


@dataclass(frozen=True, slots=True)
class Transition:
    """An event, the states it may start from (none: no container yet), where it leads, what it needs."""

    event: str
    from_states: tuple[str, ...]
    to_state: str
    needs: str


def _transitions() -> Mapping[str, Transition]:
    open_states = tuple(s for s in STATES if s not in ENDS)
    logger = "logger minimum and maximum in Cel at receipt, seal, visual check"
    two = "two persons"
    rows = (
        Transition("made", (), "stock", "lot recorded"),
        Transition("allocated", ("stock", "received"), "allocated", "verified dose order; one order per container"),
        Transition("deallocated", ("allocated",), PREVIOUS, "back to where it was allocated from"),
        Transition("packed", ("allocated", "stock"), "packed", "the allocation is kept"),
        Transition("shipped", ("packed",), "in_transit", "the allocation is kept"),
        Transition("received", ("in_transit",), "received", logger),
        Transition("excursion_opened", BEFORE_THAW, "held", "what was seen"),
        Transition("excursion_cleared", ("held",), PREVIOUS, "qualified person, with a reason"),
        Transition("excursion_rejected", ("held",), "rejected", "qualified person, with a reason"),
        Transition("thaw_started", ("received", "allocated"), "thawing", two),
        Transition("thaw_ended", ("thawing",), "thawed", f"{two}; starts the thaw clock"),
        Transition("diluted", ("thawed",), "thawed", two),
        Transition("counted", ("thawed",), "thawed", two),
        Transition("issued", ("thawed",), "issued", "rule P3"),
        Transition("bedside_matched", ("issued",), "at_bedside", "rule B1"),
        Transition("bedside_mismatched", ("issued",), "held", "rule B1"),
        Transition("started", ("at_bedside",), "infusing", "rules B1 and D2"),
        Transition("stopped", ("infusing",), "infused", "whole or part, rule D2"),
        Transition("returned", open_states, "returned", "reason"),
        Transition("destroyed", open_states, "destroyed", "reason"),
        Transition("lost", open_states, "lost", "reason"),
        Transition("recalled", (*open_states, "returned"), "recalled", "reason"),
    )
    return MappingProxyType({row.event: row for row in rows})


TRANSITIONS: Mapping[str, Transition] = _transitions()
TWO_PERSONS = ("thaw_started", "thaw_ended", "diluted", "counted", "bedside_matched", "started")
DILUENTS = ("ringer_lactate", "saline", "pbs_albumin", "saline_albumin", "none", "other")
WITH_REASON = ("excursion_cleared", "excursion_rejected", "returned", "destroyed", "lost", "recalled")


class Custody(Entered):
    """One event in the life of a container.

    SDTM: DA · FHIR: Provenance, SupplyDelivery; R5 BiologicallyDerivedProductDispense
    """

    custody_id = identifier("name of the event", key=True)
    container_id = identifier("container it happened to")
    event = allowed(tuple(TRANSITIONS), "what happened")
    occurred_at = at("when")
    actor_id = identifier("who did it")
    witness_id = identifier("second person", nullable=True)
    from_place = text("where it was", nullable=True)
    to_place = text("where it went", nullable=True)
    subject_id = identifier("patient it is meant for or given to", nullable=True)
    dose_order_id = identifier("order it is allocated to", nullable=True)
    scanned = text("the code as scanned; typed when the id was typed", nullable=True, coded=True)
    min_c = decimal("-273.15", "100", "lowest temperature of the logger, Cel", nullable=True)
    max_c = decimal("-273.15", "100", "highest temperature of the logger, Cel", nullable=True)
    amount_ml = decimal("0", "5000", "volume concerned, mL; when diluted: the volume after dilution", nullable=True)
    diluent = allowed(DILUENTS, "what it was diluted with", nullable=True)
    counted_m = decimal("0", "100000", "cells counted, dead ones included, 10^6", nullable=True)
    viability_percent = decimal("0", "100", "living of the counted, %", nullable=True)
    remark = text("reason, or what was seen", nullable=True)

    @dy.rule()
    def second_person_is_another(cls) -> pl.Expr:
        return pl.col("witness_id").is_null() | (pl.col("witness_id") != pl.col("actor_id"))

    @dy.rule()
    def thaw_count_and_bedside_have_two_persons(cls) -> pl.Expr:
        return ~pl.col("event").is_in(TWO_PERSONS) | pl.col("witness_id").is_not_null()

    @dy.rule()
    def hold_and_loss_have_a_reason(cls) -> pl.Expr:
        return ~pl.col("event").is_in(WITH_REASON) | pl.col("remark").is_not_null()

    @dy.rule()
    def allocation_names_its_order(cls) -> pl.Expr:
        return (pl.col("event") != "allocated") | pl.col("dose_order_id").is_not_null()

    @dy.rule()
    def receipt_has_the_temperatures_of_the_logger(cls) -> pl.Expr:
        logged = pl.col("min_c").is_not_null() & pl.col("max_c").is_not_null()
        return (pl.col("event") != "received") | logged

    @dy.rule()
    def counted_has_its_cells_and_viability_and_no_other_event(cls) -> pl.Expr:
        told = pl.col("counted_m").is_not_null() & pl.col("viability_percent").is_not_null()
        nothing = pl.col("counted_m").is_null() & pl.col("viability_percent").is_null()
        return pl.when(pl.col("event") == "counted").then(told | nothing).otherwise(nothing)

    @dy.rule()
    def diluent_is_told_only_of_a_dilution(cls) -> pl.Expr:
        return pl.col("diluent").is_null() | (pl.col("event") == "diluted")

    @dy.rule()
    def lowest_is_not_above_highest_temperature(cls) -> pl.Expr:
        return pl.col("min_c").is_null() | pl.col("max_c").is_null() | (pl.col("min_c") <= pl.col("max_c"))
