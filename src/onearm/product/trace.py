"""Traceability both ways: lot -> bags, places, patients; patient -> bags, sister bags, donor, materials, others."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from onearm.product.container_state import ContainerState, replay, state_after
from onearm.product.day_28 import Day28, fates
from onearm.product.lot_status import LotStatus, course_of
from onearm.product.signed import Signed
from onearm.records import Records


@dataclass(frozen=True, slots=True)
class TracedBag:
    """One container: where it is, and who it went to or is meant for."""

    container_id: str
    lot_id: str
    container_no: int
    state: str
    since: datetime | None
    place: str | None
    subject_id: str | None
    dose_order_id: str | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One infusion that used bags of the lot."""

    subject_id: str
    infusion_id: str
    dose_no: int
    dose_order_id: str
    started_at: datetime
    container_ids: tuple[str, ...]  # of the lot in question
    given_ml: Decimal | None  # of those bags; None while it runs
    day_28: Day28


@dataclass(frozen=True, slots=True)
class TracedMaterial:
    """One starting or raw material of a lot."""

    line_no: int
    kind: str
    name: str
    supplier: str
    batch: str


@dataclass(frozen=True, slots=True)
class LotTrace:
    """One lot from its donor to its last patient."""

    lot_id: str
    donor_id: str
    status: LotStatus
    expires_at: datetime
    materials: tuple[TracedMaterial, ...]
    bags: tuple[TracedBag, ...]  # all of the lot, by number
    recipients: tuple[Recipient, ...]  # by time


@dataclass(frozen=True, slots=True)
class PatientTrace:
    """One patient back to the donors, and from there to everybody else they reached."""

    subject_id: str
    bag_ids: tuple[str, ...]  # given to this patient
    lots: tuple[LotTrace, ...]  # their lots with all sister bags
    other_subjects: tuple[str, ...]  # other patients given the same lots, or other lots of the same donors


def trace_lot(records: Records, lot_id: str, signed: Signed | None = None) -> LotTrace:
    """Everything about one lot. Raises KeyError for a lot that is not there."""
    of_lot = pl.col("lot_id") == lot_id
    lots = records["lots"].filter(of_lot).to_dicts()
    if not lots:
        raise KeyError(lot_id)
    containers = records["containers"].filter(of_lot).sort("container_no").to_dicts()
    stands = _states(records, [c["container_id"] for c in containers])
    materials = records["lot_materials"].filter(of_lot).sort("line_no")
    return LotTrace(
        lot_id,
        lots[0]["donor_id"],
        course_of(lots[0], records["release_decisions"].filter(of_lot).to_dicts(), signed).status(),
        lots[0]["expires_at"],
        tuple(TracedMaterial(*row) for row in materials.select("line_no", "kind", "name", "supplier", "batch").rows()),
        tuple(_bag(c, stands[c["container_id"]]) for c in containers),
        _recipients(records, stands),
    )


def trace_patient(records: Records, subject_id: str, signed: Signed | None = None) -> PatientTrace:
    """Everything behind one patient; empty for one who was given nothing."""
    own = pl.col("subject_id") == subject_id
    bags = _given(records).filter(own)["container_id"].unique().sort().to_list()
    containers, lots = records["containers"], records["lots"]
    lot_ids = containers.filter(pl.col("container_id").is_in(bags))["lot_id"].unique().sort().to_list()
    donors = lots.filter(pl.col("lot_id").is_in(lot_ids))["donor_id"].unique().to_list()
    of_donors = lots.filter(pl.col("donor_id").is_in(donors))["lot_id"].to_list()
    sisters = containers.filter(pl.col("lot_id").is_in(of_donors))["container_id"].to_list()
    others = _given(records).filter(pl.col("container_id").is_in(sisters) & ~own)["subject_id"].unique().sort()
    traced = tuple(trace_lot(records, lot_id, signed) for lot_id in lot_ids)
    return PatientTrace(subject_id, tuple(bags), traced, tuple(others))


def _given(records: Records) -> pl.DataFrame:
    """One row per bag that entered a patient: by the infusion, and by custody while it runs. Columns of both, mL."""
    infusions = records["infusions"].select("infusion_id", "subject_id", "dose_no", "dose_order_id", "started_at")
    ended = records["infusion_containers"].select("infusion_id", "container_id", "given_volume_ml")
    begun = records["custody"].filter(pl.col("event") == "started").select("container_id", "dose_order_id")
    running = begun.join(ended, on="container_id", how="anti").join(infusions, on="dose_order_id")
    nothing = pl.lit(None, dtype=ended.schema["given_volume_ml"]).alias("given_volume_ml")
    rows = ended.join(infusions, on="infusion_id")
    return pl.concat([rows, running.with_columns(nothing).select(rows.columns)])


def _states(records: Records, names: list[str]) -> dict[str, ContainerState]:
    """Where each of these containers stands now."""
    events: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for event in records["custody"].filter(pl.col("container_id").is_in(names)).iter_rows(named=True):
        events[event["container_id"]].append(event)
    return {name: state_after(name, replay(name, rows)) for name, rows in events.items()}


def _recipients(records: Records, stands: dict[str, ContainerState]) -> tuple[Recipient, ...]:
    """Infusions that used these bags, by time."""
    rows = _given(records).filter(pl.col("container_id").is_in(list(stands))).sort("started_at", "container_id")
    fate = fates(records, rows["subject_id"].unique().to_list())
    by = ["infusion_id", "subject_id", "dose_no", "dose_order_id", "started_at"]
    groups = rows.group_by(by, maintain_order=True).agg("container_id", "given_volume_ml").iter_rows(named=True)
    return tuple(
        Recipient(
            row["subject_id"],
            row["infusion_id"],
            row["dose_no"],
            row["dose_order_id"],
            row["started_at"],
            tuple(row["container_id"]),
            None if None in row["given_volume_ml"] else sum(row["given_volume_ml"], Decimal(0)),
            fate[row["subject_id"]].after(row["started_at"]),
        )
        for row in groups
    )


def _bag(container: dict[str, Any], stands: ContainerState) -> TracedBag:
    return TracedBag(
        container["container_id"],
        container["lot_id"],
        container["container_no"],
        stands.state,
        stands.since,
        stands.place,
        stands.subject_id,
        stands.dose_order_id,
    )
