"""Performing an act: permitted, judged, signed and written in one transaction, or refused whole with every reason."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from onearm.bedside.act import Act, Plan, Refusal, Row
from onearm.bedside.field import Field, FieldFault, read
from onearm.bedside.judging import PERSONS, Judgement, judge
from onearm.bedside.language import say_in_words
from onearm.bedside.person import Person, delegations_of, person_of
from onearm.bedside.policy import policies
from onearm.bedside.proof import Keys, Proof
from onearm.bedside.since import concerns
from onearm.bedside.situation import Promise, Situation, about, look, may_see_patient
from onearm.ledger.entry import Action, Entry
from onearm.ledger.ledger import Ledger
from onearm.ledger.problems import Conflict
from onearm.ledger.reading import View
from onearm.ledger.signing import Statement, signature_of
from onearm.ledger.tables import SCHEMAS
from onearm.ledger.writing import Writing
from onearm.records import Records

_PAPER = Field("paper", "text", False)


class Denied(Exception):
    """The person may not do this here; the attempt is logged."""

    def __init__(self, key: str, /, *, hidden: bool = False, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values
        self.hidden = hidden  # answered as if nothing were there


@dataclass(frozen=True, slots=True)
class Request:
    """What a person handed in: what was typed, the version the form read, what was confirmed, who signs."""

    key: str
    typed: Mapping[str, str]
    read_version: int | None = None
    confirmed: bool = False
    proof: Proof | None = None  # of whoever signs: oneself, or the second person
    paper: str = ""  # number of the paper form it is entered from


@dataclass(frozen=True, slots=True)
class Review:
    """What would be written, for the eye before the signature."""

    situation: Situation
    answers: Mapping[str, Any]
    faults: tuple[FieldFault, ...]
    plan: Plan | None
    judgement: Judgement | None
    statement: str | None
    refusal: str | None = None
    refusal_key: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What was written and where to go."""

    entries: tuple[Entry, ...]
    go_to: str
    informs: tuple[str, ...]


class NotReady(Exception):
    """The act was not performed: faults, findings, a confirmation or a signature are open; all are in `review`."""

    def __init__(self, review: Review) -> None:
        super().__init__("not ready")
        self.review = review


def consider(act: Act, promise: Promise, view: View, person: Person, request: Request, now: datetime) -> Review:
    """Everything but writing. Raises Denied and NotThere."""
    situation = permitted(act, promise, view, person, now, request.key)
    answers, faults = read(act.fields, request.typed, situation)
    faults += read((_PAPER,), {"paper": request.paper}, situation)[1]
    if faults:
        return Review(situation, answers, faults, None, None, None)
    try:
        plan = act.build(situation, answers)
    except Refusal as refusal:
        told = say_in_words(person.language, refusal.key, refusal.values)
        return Review(situation, answers, (), None, None, None, told, refusal.key)
    _permit_doer(situation, plan)
    words = say_in_words(person.language, f"act.{act.id}.statement", plan.statement) if act.meaning else None
    return Review(situation, answers, (), plan, judge(situation, plan), words)


def _around(review: Review) -> tuple[Records | None, ...]:
    """The records it was judged by."""
    return (review.situation.records, review.plan.records if review.plan else None)


def permitted(act: Act, promise: Promise, view: View, person: Person, now: datetime, key: str) -> Situation:
    """The case, when the person may act on it. Raises Denied, and NotThere only to those who may act somewhere."""
    permit_role(act.action, person, now)
    situation = look(promise, view, person, now, about(act.about), key)
    permit(act.action, situation)
    return situation


def permit_role(action: str, person: Person, now: datetime) -> None:
    """Raises Denied unless the role is held today and may do this somewhere: asked before anything is looked up."""
    if not person.holds_role_on(person.local_day(now)):
        raise Denied("denied.delegation", role=person.role, site=person.site_id)
    if person.role not in policies()[action].scopes:
        raise Denied("denied.role", role=person.role, action=action)


def permit(action: str, situation: Situation) -> None:
    """Raises Denied unless role, site and day allow the action on what the situation is about."""
    person, subject = situation.person, situation.subject_id
    permit_role(action, person, situation.now)
    if not policies()[action].allows(person.role, person.site_id, situation.site):
        raise Denied("denied.role", hidden=subject is not None, role=person.role, action=action)
    if subject is not None and not may_see_patient(situation.view, person, subject):
        raise Denied("denied.role", hidden=True, role=person.role, action=action)


def _permit_doer(situation: Situation, plan: Plan) -> None:
    """Raises Denied where a row names the person as having done what happened while the role was not held."""
    person, day = situation.person, situation.person.local_day(plan.occurred_at or situation.now)
    named = any(row.values.get(column) == person.account_id for row in plan.rows for column in PERSONS)
    if named and not person.holds_role_on(day):
        raise Denied("denied.delegation", role=person.role, site=person.site_id)


def perform(act: Act, promise: Promise, ledger: Ledger, person: Person, request: Request, keys: Keys) -> Done:
    """Write the act. Raises NotReady, Denied, NotThere, Conflict, ProofRefused; nothing is written then.

    It is judged before the one writer's turn is taken, and judged again when anything was written since that it sees.
    """
    with ledger.reading() as view:
        seen, review = view.head(), consider(act, promise, view, person, request, ledger.clock())
    _require_ready(act, review, request)
    signer = _signer(act, review, request)
    if signer is not None:
        with ledger.reading() as view:
            keys.check_password(view.connection, signer, ledger.clock())  # slow on purpose: not in the writer's turn
    with ledger.writing(person.actor) as writing:
        if concerns(writing.view, seen, _around(review)):
            review = consider(act, promise, writing.view, person, request, writing.moment())
            _require_ready(act, review, request)
        _refuse_stale(act, review.situation, request)
        return _written(act, review, request, writing, signer, keys)


def _written(act: Act, review: Review, request: Request, writing: Writing, signer: Proof | None, keys: Keys) -> Done:
    situation, plan = replace(review.situation, view=writing.view), review.plan
    assert plan is not None and review.judgement is not None
    who = _permitted_signer(act, situation, signer, plan) if signer else situation.person
    if signer is not None:
        keys.use_code(writing.view.connection, signer, writing.moment())
    reason = plan.reason or (f"paper {request.paper}" if request.paper else "")
    entries = [_put(writing, row, plan.occurred_at, reason) for row in plan.rows]
    if plan.erases is not None:
        writing.redact(plan.erases, reason=reason)
    if act.meaning is not None and signer is not None and review.statement is not None:
        statement = Statement(act.meaning, review.statement, situation.person.language)
        for entry in _to_sign(situation, plan, entries):
            row = signature_of(entry, statement)
            name = f"G{entry.seq}-{who.account_id}"
            signed = {**row, "signature_id": name, "signer": who.account_id, "role": who.role, "site_id": who.site_id}
            writing.add("signatures", signed, action=Action.SIGN)
    language = situation.person.language
    told = tuple(f.sentence if language == "en" else f.sentence_es for f in review.judgement.informs)
    return Done(tuple(writing.written), plan.go_to or _page(situation), told)


def _to_sign(situation: Situation, plan: Plan, entries: list[Entry]) -> list[Entry]:
    if plan.signs_standing:
        return [situation.view.history(str(situation.about.table), situation.key)[-1]]
    return [entries[place] for place in plan.signs]


def _put(writing: Writing, row: Row, occurred_at: datetime | None, reason: str) -> Entry:
    if row.read_version is None:
        return _put_new(writing, row, occurred_at, reason)
    if row.gone:
        key = [row.values[column] for column in SCHEMAS[row.table].primary_key()]
        return writing.withdraw(row.table, *key, read_version=row.read_version, reason=reason)
    return writing.correct(
        row.table,
        row.values,
        read_version=row.read_version,
        reason=reason or "next step",
        occurred_at=occurred_at,
        action=row.action or Action.CORRECT,
    )


def _put_new(writing: Writing, row: Row, occurred_at: datetime | None, reason: str) -> Entry:
    """A new row, or the next version of one that was withdrawn: a day or a lot is entered anew under its own name."""
    action = row.action or Action.CREATE
    try:
        return writing.add(row.table, row.values, occurred_at=occurred_at, reason=reason, action=action)
    except Conflict as taken:
        if taken.stands:
            raise
        last = writing.view.history(row.table, taken.key)[-1].version
        reason = reason or "entered anew"
        return writing.correct(row.table, row.values, read_version=last, reason=reason, occurred_at=occurred_at)


def _require_ready(act: Act, review: Review, request: Request) -> None:
    judged = review.judgement
    if review.plan is None or judged is None or judged.blocks or (judged.confirms and not request.confirmed):
        raise NotReady(review)
    if (act.meaning or act.second_person) and request.proof is None:
        raise NotReady(review)


def _signer(act: Act, review: Review, request: Request) -> Proof | None:
    """Whose password and code the act needs: the second person's where there is one, else one's own."""
    if not act.meaning and not act.second_person:
        return None
    assert request.proof is not None
    account = review.answers[act.second_person] if act.second_person else review.situation.person.account_id
    return Proof(str(account), request.proof.password, request.proof.code)


def _permitted_signer(act: Act, situation: Situation, signer: Proof, plan: Plan) -> Person:
    """The person who signs, holding the role there today and trained for the product on the day it happened.

    Raises Denied.
    """
    person = situation.person
    if signer.account != person.account_id:
        person = _second_person(act, situation, signer)
    happened = person.local_day(plan.occurred_at or situation.now)
    if not person.holds_role_on(happened):
        raise Denied("denied.delegation", role=person.role, site=person.site_id)
    codes = _products(situation, plan)
    version = str(situation.study["protocol_version"])
    if act.meaning and not any(person.is_trained(together, version, happened) for together in codes):
        raise Denied("denied.training", account=person.account_id, product=" / ".join(map(", ".join, codes)) or "-")
    return person


def _products(situation: Situation, plan: Plan) -> list[list[str]]:
    """What one of must be known to sign: every product of the lots around, else any one product of the study."""
    near = sorted({*(plan.records or situation.records)["lots"]["product_code"]})
    known = sorted({str(lot["product_code"]) for lot in situation.view.rows("lots")})
    return [near] if near else [[code] for code in known] or [[]]


def _second_person(act: Act, situation: Situation, signer: Proof) -> Person:
    first, policy = situation.person, policies()[act.action]
    today = first.local_day(situation.now)
    for held in delegations_of(situation.view, signer.account, today):
        if not policy.allows(held["role"], held["site_id"], situation.site or first.site_id):
            continue
        other = person_of(situation.view, signer.account, held["role"], held["site_id"])
        if other is not None and other.person_id != first.person_id:
            return other
    raise Denied("denied.second_person", account=signer.account)


def _refuse_stale(act: Act, situation: Situation, request: Request) -> None:
    about, row = situation.about, situation.row
    if act.changes and row is not None and request.read_version != row["version"]:
        stands = {name: row.get(name) for name in ("version", *(f.name for f in act.fields))}  # no more than was asked
        raise Conflict(str(about.table), situation.key, request.read_version, stands)


def _page(situation: Situation) -> str:
    return situation.about.page.format(**(situation.row or {}))
