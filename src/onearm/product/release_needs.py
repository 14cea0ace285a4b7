"""What a release decision needs and has not got: tests of the specification in force, verified by a second person."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onearm.product.history import History, Row, Rows
from onearm.product.lot_status import LotStatus, missing_signatures
from onearm.product.specification import in_force
from onearm.product.words import shown

#: decision -> what the tests it needs are required for
NEEDS: dict[str, tuple[str, ...]] = {
    "release": ("release", "second_step"),
    "release_first_step": ("release",),
    "confirm_second_step": ("release", "second_step"),
}
RELEASES = (*NEEDS, "release_out_of_spec")
#: decision -> states of the lot it may be taken in
_FROM = {
    "release": (LotStatus.QUARANTINE,),
    "release_first_step": (LotStatus.QUARANTINE,),
    "confirm_second_step": (LotStatus.RELEASED_FIRST_STEP,),
    # not from a first step: a second step that fails recalls the lot, it is not explained away
    "release_out_of_spec": (LotStatus.QUARANTINE, LotStatus.OUT_OF_SPEC_PENDING),
    "reject": tuple(s for s in LotStatus if s not in (LotStatus.REJECTED, LotStatus.RECALLED)),
    "recall": tuple(LotStatus),
}


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is missing, in words, and the row that shows it, where there is one."""

    value: str
    limit: str
    en: str
    es: str
    evidence: Row | None = None


def missing_for_release(history: History, lot_id: str, decision: str, at: datetime) -> tuple[Need, ...]:
    """What `decision` still needs at a time; empty when it may be taken. For the screen that greys it out."""
    lot, stands = history.lots[lot_id], history.courses[lot_id].status(at)
    return (*_wrong_state(stands, decision), *missing_tests(history, lot, decision, at))


def _wrong_state(stands: LotStatus, decision: str) -> Iterator[Need]:
    if stands not in _FROM[decision]:
        allowed = ", ".join(_FROM[decision])
        yield Need(
            stands,
            allowed,
            f"the lot is {stands}, and this is decided when it is {allowed}",
            f"el lote está {stands}, y esto se decide cuando está {allowed}",
        )


def wrong_state(before: LotStatus, decision: str) -> tuple[Need, ...]:
    """Whether a decision may follow the status before it."""
    return tuple(_wrong_state(before, decision))


def missing_tests(history: History, lot: Row, decision: str, at: datetime) -> Iterator[Need]:
    """Tests that `decision` needs and that had not passed, verified, by that time. Out of specification needs none."""
    wanted = NEEDS.get(decision, ())
    lines = in_force(history.specifications.get(lot["specification_id"], ()), at)
    if wanted and not lines:
        name = lot["specification_id"]
        yield Need("0", "1", f"specification {name} has no line", f"la especificación {name} no tiene ninguna línea")
    for line in lines:
        if line["required_for"] in wanted:
            results = [t for t in history.tests.get(lot["lot_id"], ()) if _same(t, line) and t["verdict"] != "not_done"]
            yield from _lacking(line, results, at)


def missing_words(needs: tuple[Need, ...]) -> tuple[str, str]:
    """All that is missing as one English and one Spanish phrase."""
    return "; ".join(n.en for n in needs), "; ".join(n.es for n in needs)


def _same(test: Row, line: Row) -> bool:
    return (test["test"], test["stage"]) == (line["test"], line["stage"])


def _lacking(line: Row, results: Rows, at: datetime) -> Iterator[Need]:
    """Every result known by then must pass: a passing repeat does not wipe out a failure."""
    name = f"{line['test']} ({line['stage']})"
    known = [t for t in results if t["reported_at"] is not None and t["reported_at"] <= at]
    if not known:
        late = min(results, key=lambda t: (t["reported_at"] is None, t["reported_at"]), default=None)
        when = "nothing" if late is None else shown(late["reported_at"] or "no time of report")
        yield Need(
            when, shown(at), f"{name} had not been reported by {shown(at)}", f"{name} no constaba el {shown(at)}", late
        )
    for test in known:
        yield from _not_good(name, test)


def _not_good(name: str, test: Row) -> Iterator[Need]:
    key, verdict = test["lot_test_id"], test["verdict"]
    if verdict != "pass":
        es = {"fail": "no conforme", "pending": "pendiente"}[verdict]
        yield Need(verdict, "pass", f"{name}: {key} is {verdict}", f"{name}: {key} está {es}", test)
    elif test["verifier_id"] is None:
        yield Need("nobody", "a verifier", f"{name}: {key} is not verified", f"{name}: {key} no está verificado", test)


def unsigned(history: History, decision: Row) -> tuple[str, ...]:
    """Roles that have not signed a release; empty where nobody can know."""
    if history.signed is None or decision["decision"] not in RELEASES:
        return ()
    if decision["decision"] == "release_out_of_spec":
        return missing_signatures(decision, history.signed)
    given = history.signed.on("release_decisions", decision["decision_id"])
    return () if any((s.role, s.meaning) == ("QP", "released") for s in given) else ("QP",)


def makers_and_testers(history: History, lot_id: str) -> dict[str, list[str]]:
    """Who made or tested a lot, and as what: none of them releases it."""
    found: dict[str, list[str]] = {}

    def add(person: Any, what: str) -> None:
        if person is not None and what not in found.setdefault(person, []):
            found[person].append(what)

    for test in history.tests.get(lot_id, ()):
        add(test["analyst_id"], "analyst")
        add(test["verifier_id"], "verifier")
    for person in history.makers.get(lot_id, ()):
        add(person, "maker")
    return found
