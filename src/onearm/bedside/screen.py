"""A screen: something to look at, as data. Its page and its JSON twin come from one frozen model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from onearm.bedside.act import Act
from onearm.bedside.acting import Denied
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.context import Running
from onearm.bedside.person import Person
from onearm.bedside.policy import Scope, policies
from onearm.bedside.situation import Promise, Situation, about, glance, look, may_see_patient
from onearm.ledger.reading import View
from onearm.records import Records

#: columns of a bag's life that tell of the patient it is meant for
_OF_A_PATIENT = ("subject_id", "dose_order_id", "scanned", "remark")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who looks at what: the view of one transaction, parts of the path, what the address asks for."""

    running: Running
    view: View
    person: Person
    now: datetime
    path: Mapping[str, str]
    query: Mapping[str, str]
    action: str

    @property
    def promise(self) -> Promise:
        """What the study promised."""
        return self.running.promise

    @property
    def only_site(self) -> str | None:
        """The one site the person may see here; None: all."""
        return policies()[self.action].sites(self.person.role, self.person.site_id)

    def situation(self, kind: str, key: str) -> Situation:
        """The case behind a key. Raises NotThere, and Denied, hidden, where the person may not see it."""
        found = look(self.promise, self.view, self.person, self.now, about(kind), key)
        if not policies()[self.action].allows(self.person.role, self.person.site_id, found.site):
            raise self._hidden()
        return found

    def patient(self, subject_id: str) -> Situation:
        """The case of a patient; to a pharmacist only of one with an order. Raises NotThere, and Denied, hidden."""
        found = self.situation("subject", subject_id)
        if not may_see_patient(self.view, self.person, subject_id):
            raise self._hidden()
        return found

    def anywhere(self, kind: str, key: str) -> Situation:
        """The same for what every site may see, such as a lot it gets bags of; patients of others are not named.

        Raises Denied, hidden, for a lot or bag of another production unit, where the role is bound to its own.
        """
        found = look(self.promise, self.view, self.person, self.now, about(kind), key)
        scope = policies()[self.action].scopes[self.person.role]
        if scope is Scope.UNIT and found.the()["site_id"] != self.person.site_id:
            raise self._hidden()
        return found if scope is not Scope.SITE else replace(found, records=self._without_strangers(found.records))

    def _hidden(self) -> Denied:
        """Answered as if nothing were there, and an entry all the same."""
        return Denied("denied.role", hidden=True, role=self.person.role, action=self.action)

    def _without_strangers(self, records: Records) -> Records:
        custody = records["custody"]
        named = custody["subject_id"].drop_nulls().unique()
        strange = pl.col("subject_id").is_in([name for name in named if not self._knows(name)])
        hidden = [pl.when(strange).then(None).otherwise(pl.col(c)).alias(c) for c in _OF_A_PATIENT]
        theirs = pl.col("container_id").is_in(custody.filter(strange)["container_id"].to_list())
        hidden.append(pl.when(theirs).then(None).otherwise(pl.col("to_place")).alias("to_place"))  # never an old one
        return Records(records.provenance, {**records.tables, "custody": custody.with_columns(hidden)})

    def _knows(self, subject_id: str) -> bool:
        subject = self.view.row("subjects", subject_id)
        here = subject is not None and subject["site_id"] == self.person.site_id
        return here and may_see_patient(self.view, self.person, subject_id)


@dataclass(frozen=True, slots=True)
class Screen:
    """One page. `model` is the frozen dataclass that `read` gives."""

    path: str
    action: str
    template: str
    model: type[Any]
    read: Callable[[Asking], Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """An act that can be done now."""

    act: str
    step: int
    path: str
    signed: bool
    aside: bool  # for when something is wrong


def offers(situation: Situation) -> tuple[Offer, ...]:
    """The acts this person may do here now, in order of their step."""
    found = [act for act in ACTS.values() if act.about == situation.about.name and _may(act, situation)]
    return tuple(
        Offer(act.id, act.step, act.path_for(situation.key), act.meaning is not None, act.aside)
        for act in sorted(found, key=lambda a: a.step)
        if act.fits(situation)
    )


def offers_of_rows(
    asking: Asking, kind: str, keys: list[str], around: Situation | None = None
) -> dict[str, tuple[Offer, ...]]:
    """The acts on each of several rows of one kind; with the records of `around`, where all of them have the same."""
    told = asking.promise, asking.view, asking.person, asking.now, about(kind)
    if around is None:
        return {key: offers(look(*told, key)) for key in keys}
    return {key: offers(replace(glance(*told, key), records=around.records)) for key in keys}


def _may(act: Act, situation: Situation) -> bool:
    person, policy = situation.person, policies()[act.action]
    return policy.allows(person.role, person.site_id, situation.site)
