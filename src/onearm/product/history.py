"""The history in Records, indexed once for all rules: rows by key, events in order, courses of bags and lots."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from onearm.product.container_state import Step, replay
from onearm.product.lot_status import LotCourse, course_of
from onearm.product.signed import Signed
from onearm.product.specification import in_force
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, eq=False)
class History:
    """What rules judge: records, the rule book in force, signatures (None: not known)."""

    records: Records
    rulebook: Rulebook
    signed: Signed | None = None

    def rows(self, table: str) -> Rows:
        """All rows of a table."""
        return self.records[table].to_dicts()

    def by_key(self, table: str, key: str) -> dict[str, Row]:
        """Rows of a table by one column that names them."""
        return {row[key]: row for row in self.rows(table)}

    def grouped(self, table: str, column: str) -> Mapping[str, Rows]:
        """Rows of a table by a column that many share; no rows for an unknown name."""
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.rows(table):
            found[row[column]].append(row)
        return found

    @cached_property
    def containers(self) -> Mapping[str, Row]:
        """By container_id."""
        return self.by_key("containers", "container_id")

    @cached_property
    def lots(self) -> Mapping[str, Row]:
        """By lot_id."""
        return self.by_key("lots", "lot_id")

    @cached_property
    def tests(self) -> Mapping[str, Rows]:
        """Lot tests by lot_id."""
        return self.grouped("lot_tests", "lot_id")

    @cached_property
    def specifications(self) -> Mapping[str, Rows]:
        """All versions by specification_id."""
        return self.grouped("specifications", "specification_id")

    @cached_property
    def orders(self) -> Mapping[str, Row]:
        """By dose_order_id."""
        return self.by_key("dose_orders", "dose_order_id")

    @cached_property
    def infusions(self) -> Mapping[str, Row]:
        """By infusion_id."""
        return self.by_key("infusions", "infusion_id")

    @cached_property
    def bags(self) -> Mapping[str, Rows]:
        """Rows of `infusion_containers` by infusion_id."""
        return self.grouped("infusion_containers", "infusion_id")

    @cached_property
    def subjects(self) -> Mapping[str, Row]:
        """By subject_id."""
        return self.by_key("subjects", "subject_id")

    @cached_property
    def weights(self) -> Mapping[str, Row]:
        """By weight_id."""
        return self.by_key("weights", "weight_id")

    @cached_property
    def weights_of(self) -> Mapping[str, Rows]:
        """By subject_id, in order of time."""
        return {subject: sorted(rows, key=_measured) for subject, rows in self.grouped("weights", "subject_id").items()}

    @cached_property
    def lives(self) -> Mapping[str, tuple[Step, ...]]:
        """Steps by container_id; containers without custody are absent."""
        return {name: replay(name, events) for name, events in self.grouped("custody", "container_id").items()}

    @cached_property
    def courses(self) -> Mapping[str, LotCourse]:
        """Status over time by lot_id."""
        decisions = self.grouped("release_decisions", "lot_id")
        return {name: course_of(lot, decisions.get(name, ()), self.signed) for name, lot in self.lots.items()}

    @cached_property
    def decisions(self) -> Mapping[str, Rows]:
        """Treatment decisions by subject_id."""
        return self.grouped("treatment_decisions", "subject_id")

    @cached_property
    def makers(self) -> Mapping[str, set[str]]:
        """Who filled the containers of a lot, by lot_id."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name, steps in self.lives.items():
            lot = self.lot_of(name)
            if lot is not None:
                made = [s.event for s in steps if s.event["event"] == "made"]
                found[lot["lot_id"]] |= {e[who] for e in made for who in ("actor_id", "witness_id")} - {None}
        return found

    def specification_of(self, lot: Row, at: datetime | None = None) -> tuple[Row, ...]:
        """Lines of the version of its specification in force."""
        return in_force(self.specifications.get(lot["specification_id"], ()), at)

    def lot_of(self, container_id: str) -> Row | None:
        """The lot a container was filled from."""
        container = self.containers.get(container_id)
        return None if container is None else self.lots.get(container["lot_id"])

    def subject_meant(self, step: Step) -> str | None:
        """Patient a container is allocated to after a step: by the event, else by its order."""
        stands = step.after
        order = self.orders.get(stands.dose_order_id or "")
        return stands.subject_id or (None if order is None else order["subject_id"])

    def actual_kg(self, order: Row, at: datetime) -> Decimal | None:
        """Actual weight for figures of safety: that of the order, else the last one measured before."""
        weight = self.weights.get(order["weight_id"] or "")
        if weight is None:
            past = [w for w in self.weights_of.get(order["subject_id"], ()) if w["measured_at"] <= at]
            weight = past[-1] if past else None
        if weight is not None:
            return Decimal(weight["weight_kg"])
        return order["dosing_weight_kg"] if order["weight_basis"] in ("actual", "flat") else None


def _measured(weight: Row) -> tuple[datetime, str]:
    return weight["measured_at"], weight["weight_id"]
