"""Writers that race: each round all begin together, from what all have read; who won and what the others were told.

A writer is a function run in its own thread or process, with its own connection.
"""

from dataclasses import dataclass
from decimal import Decimal

from small_study import NURSE, START, open_study, subject, weight

from onearm.ledger.problems import Conflict, LedgerRefusal


class Taken(LedgerRefusal):
    """An allocation stands on the bag already."""


@dataclass(frozen=True)
class Outcome:
    """What one writer of one round was told."""

    won: bool
    wrote: str = ""  # the value, where it won
    stands: str = ""  # the value it was shown, where it lost


def prepare(ledger, rounds):
    """A weight to correct, and one bag a round for orders to take."""
    open_study(ledger)
    with ledger.writing(NURSE) as act:
        act.add("subjects", subject(1))
        act.add("weights", weight("W1"))
        act.add("specifications", {
            "site_id": "S01", "specification_id": "SPEC", "specification_version": 1, "test": "viability",
            "stage": "final", "method": "dye", "unit": "%", "low": Decimal(70), "required_for": "release",
        })  # fmt: skip
        act.add("lots", {
            "site_id": "S01", "lot_id": "LOT", "product_code": "ATMSC", "cell_source": "adipose", "donor_id": "DONOR",
            "donor_kind": "allogeneic", "passage": 4, "form": "cryopreserved", "harvested_at": START,
            "frozen_at": START, "freezing_medium": "CS10", "dmso_percent": Decimal(10),
            "nominal_viable_m": Decimal(100), "product_volume_ml": Decimal(10), "containers_made": max(rounds, 1),
            "storage_c": Decimal(-150), "expires_at": START.replace(year=2022), "specification_id": "SPEC",
        })  # fmt: skip
        act.add_all("containers", [{
            "site_id": "S01", "container_id": bag(n), "lot_id": "LOT", "container_no": n + 1,
            "nominal_viable_m": Decimal(100), "volume_ml": Decimal(10),
        } for n in range(rounds)])  # fmt: skip
        act.add_all("dose_orders", [{
            "site_id": "S01", "dose_order_id": f"O{k}", "subject_id": "S01-001", "dose_no": k + 1,
            "planned_m_per_kg": Decimal(1), "weight_basis": "actual", "dosing_weight_kg": Decimal(80),
            "target_m": Decimal(80), "requested_for": START, "ordered_at": START, "ordered_by": "A-DOC",
            "status": "ordered",
        } for k in range(8)])  # fmt: skip


def bag(number):
    """Id of a bag, with its check character."""
    from onearm.vocabulary.identifiers import with_check_character

    return with_check_character(f"C{number:09}")


def edit_one_field(ledger, writer, read_version, kg):
    """One field, from the version all have read."""
    try:
        with ledger.writing(NURSE) as act:
            act.correct("weights", weight("W1", 1, kg), read_version=read_version, reason=f"by writer {writer}")
    except Conflict as conflict:
        return Outcome(False, stands=format(conflict.stands["weight_kg"].normalize(), "f"))
    return Outcome(True, wrote=kg)


def take_the_last_bag(ledger, writer, container_id):
    """What stands is read inside the one writer's turn: an allocation is added or the bag is taken."""
    try:
        with ledger.writing(NURSE) as act:
            for event in act.view.rows("custody", container_id=container_id):
                if event["event"] == "allocated":
                    raise Taken(event["dose_order_id"])
            act.add("custody", {
                "site_id": "S01", "custody_id": f"{container_id}-{writer}", "container_id": container_id,
                "event": "allocated", "occurred_at": START, "actor_id": "A-NURSE", "dose_order_id": f"O{writer}",
                "subject_id": "S01-001",
            })  # fmt: skip
    except Taken as taken:
        return Outcome(False, stands=str(taken))
    return Outcome(True, wrote=f"O{writer}")


def lost_silently(outcomes):
    """Of one round: writers told that they won beyond the one that did, and losers not shown what stands."""
    winners = [o for o in outcomes if o.won]
    if len(winners) != 1:
        return abs(len(winners) - 1)
    return sum(o.stands != winners[0].wrote for o in outcomes if not o.won)


def gaps(ledger):
    """Places where seq does not go up by one."""
    with ledger.reading() as view:
        return sum(entry.seq != n for n, entry in enumerate(view.entries(), 1))
