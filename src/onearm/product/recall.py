"""P5: a lot is called back: every bag held, every recipient and doctor named, all rows of it in one transaction."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from onearm.product.delivered import Delivered, delivered_of
from onearm.product.history import History, Row
from onearm.product.lot_status import GIVABLE, LotStatus
from onearm.product.open_failures import open_failures
from onearm.product.signed import Signed
from onearm.product.trace import LotTrace, Recipient, TracedBag, trace_lot
from onearm.product.words import shown
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records
from onearm.records.custody import TRANSITIONS
from onearm.results.finding import Finding, Severity

#: states a recall takes a bag from. Not a running infusion: it is stopped at the bed, and its patient is a recipient
RECALLABLE = tuple(s for s in TRANSITIONS["recalled"].from_states if s != "infusing")


@dataclass(frozen=True, slots=True)
class RecalledPatient:
    """A recipient with the dose and the doctors to tell."""

    recipient: Recipient
    dose: Delivered
    doctors: tuple[str, ...]  # who decided to treat and who ordered, each once


@dataclass(frozen=True, slots=True)
class Recall:
    """What a recall of a lot has to reach."""

    lot: LotTrace
    to_hold: tuple[TracedBag, ...]  # bags that can still be taken back, with their places
    running: tuple[TracedBag, ...]  # bags running into a patient now: stop them at the bed
    patients: tuple[RecalledPatient, ...]  # by time of infusion
    doctors: tuple[str, ...]  # of all patients


def recall_of(records: Records, lot_id: str, rulebook: Rulebook, signed: Signed | None = None) -> Recall:
    """Bags, recipients and doctors of one lot. Raises KeyError for a lot that is not there."""
    traced = trace_lot(records, lot_id, signed)
    subjects = [r.subject_id for r in traced.recipients]
    history = History(_around(records, lot_id, subjects), rulebook, signed)
    patients = tuple(_patient(history, r) for r in traced.recipients)
    return Recall(
        lot=traced,
        to_hold=tuple(b for b in traced.bags if b.state in RECALLABLE),
        running=tuple(b for b in traced.bags if b.state == "infusing"),
        patients=patients,
        doctors=tuple(dict.fromkeys(d for p in patients for d in p.doctors)),
    )


def _around(records: Records, lot_id: str, subjects: list[str]) -> Records:
    """The rows a dose of these patients is computed from."""
    wanted = pl.col("subject_id").is_in(subjects)
    infusions = records["infusions"].filter(wanted)
    bags = records["infusion_containers"].join(infusions, on="infusion_id", how="semi")
    small = {name: records[name] for name in ("lots", "lot_tests", "specifications", "release_decisions")}
    named = pl.col("container_id").is_in(bags["container_id"].to_list())
    tables = {
        **small,
        "infusions": infusions,
        "infusion_containers": bags,
        "containers": records["containers"].filter(named),
        "custody": records["custody"].filter(named),
        **{name: records[name].filter(wanted) for name in ("dose_orders", "weights", "treatment_decisions")},
    }
    return Records(records.provenance, tables)


def _patient(history: History, recipient: Recipient) -> RecalledPatient:
    order = history.orders.get(recipient.dose_order_id)
    treat = [d for d in history.decisions.get(recipient.subject_id, ()) if d["decision"] == "treat"]
    doctors = [d["decided_by"] for d in treat] + ([] if order is None else [order["ordered_by"]])
    dose = delivered_of(history, history.infusions[recipient.infusion_id])
    return RecalledPatient(recipient, dose, tuple(dict.fromkeys(doctors)))


def recall_rows(
    records: Records, lot_id: str, *, now: datetime, actor_id: str, site_id: str, reason: str
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Rows that a recall writes in one transaction: (table, values) of the decision, then of each bag still there.

    Without `version` and `entered_at`, which the ledger fills in. Empty where there is nothing to recall: the lot was
    never released, or it was recalled whole.
    """
    found = trace_lot(records, lot_id)
    bags = [b for b in found.bags if b.state in RECALLABLE]
    if found.status not in (*GIVABLE, LotStatus.OUT_OF_SPEC_PENDING) and not _was_released(records, lot_id):
        return ()
    if found.status is LotStatus.RECALLED and not bags:
        return ()
    said = {"site_id": site_id, "lot_id": lot_id, "decision": "recall", "decided_at": now, "decided_by": actor_id}
    names = records["release_decisions"].filter(pl.col("lot_id") == lot_id)["decision_id"].to_list()
    decision = {**said, "decision_id": _next_name(f"{lot_id}-R", names), "risk_assessment": None, "reason": reason}
    return (("release_decisions", decision), *(_bag_row(records, b, now, actor_id, site_id, reason) for b in bags))


def _was_released(records: Records, lot_id: str) -> bool:
    said = records["release_decisions"].filter(pl.col("lot_id") == lot_id)["decision"]
    return any(str(decision) != "reject" for decision in said)


def _bag_row(
    records: Records, bag: TracedBag, now: datetime, actor_id: str, site_id: str, reason: str
) -> tuple[str, dict[str, Any]]:
    names = records["custody"].filter(pl.col("container_id") == bag.container_id)["custody_id"].to_list()
    return (
        "custody",
        {
            "site_id": site_id,
            "custody_id": _next_name(f"{bag.container_id}-", names),
            "container_id": bag.container_id,
            "event": "recalled",
            "occurred_at": now,
            "actor_id": actor_id,
            "subject_id": bag.subject_id,
            "dose_order_id": bag.dose_order_id,
            "remark": reason,
        },
    )


def _next_name(stem: str, names: list[str]) -> str:
    """The first number after all that names of this stem have."""
    found = (re.fullmatch(rf"{re.escape(stem)}(\d+)", name) for name in names)
    return f"{stem}{1 + max((int(m.group(1)) for m in found if m), default=0)}"


def failed_tests_recall_their_lot(history: History) -> Iterator[Finding]:
    """P5: a failed test on a released lot is answered by its recall; until somebody verified it, its bags wait (P3)."""
    for lot_id in history.courses:
        for test in open_failures(history, lot_id):
            verified = test["verifier_id"] is not None
            key, name = test["lot_test_id"], test["test"]
            yet, yet_es = ("", "") if verified else (", unverified so far", ", aún sin verificar")
            yield Finding(
                "P5",
                Severity.BLOCK if verified else Severity.CONFIRM,
                "lot_tests",
                key,
                "fail",
                "recall of the lot" if verified else "a verifier",
                f"Test {key} ({name}) failed{yet}, and lot {lot_id} is released: no bag of it may be issued.",
                f"La prueba {key} ({name}) no es conforme{yet_es}, y el lote {lot_id} está liberado: "
                "ninguna bolsa puede entregarse.",
                "Recall the lot." if verified else "Verify the result at once; if it stands, recall the lot.",
            )


def recalled_lots_have_no_bag_left(history: History) -> Iterator[Finding]:
    """P5: a recall reaches every bag, in the same transaction."""
    gone = {name for name, course in history.courses.items() if course.status() is LotStatus.RECALLED}
    for container_id, row in history.containers.items():
        steps = history.lives.get(container_id, ())
        if row["lot_id"] in gone and steps and steps[-1].after.state in RECALLABLE:
            yield _left(history, row, steps[-1].after.state)


def _left(history: History, container: Row, state: str) -> Finding:
    bag, lot_id = container["container_id"], container["lot_id"]
    last = history.courses[lot_id].last()
    when = "" if last is None else shown(last.at)
    return Finding(
        "P5",
        Severity.BLOCK,
        "containers",
        bag,
        state,
        "recalled",
        f"Lot {lot_id} was recalled {when}; its bag {bag} is still {state}.",
        f"El lote {lot_id} se retiró el {when}; su bolsa {bag} sigue {state}.",
        "Recall every bag with the lot.",
    )
