"""A screen: something to look at, as data. Its page and its JSON twin come from one frozen model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onearm.bedside.act import Act
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.context import Running
from onearm.bedside.person import Person
from onearm.bedside.policy import policies
from onearm.bedside.situation import NotThere, Promise, Situation, about, look
from onearm.ledger.reading import View


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
        """The case behind a key, when the person may see it. Raises NotThere: what is hidden is not told to exist."""
        found = look(self.promise, self.view, self.person, self.now, about(kind), key)
        if not policies()[self.action].allows(self.person.role, self.person.site_id, found.site):
            raise NotThere(key)
        return found

    def anywhere(self, kind: str, key: str) -> Situation:
        """The same for what every site may see, such as a lot it gets bags of."""
        return look(self.promise, self.view, self.person, self.now, about(kind), key)


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


def offers_of_rows(asking: Asking, kind: str, keys: list[str]) -> dict[str, tuple[Offer, ...]]:
    """The acts on each of several rows of one kind."""
    return {key: offers(look(asking.promise, asking.view, asking.person, asking.now, about(kind), key)) for key in keys}


def _may(act: Act, situation: Situation) -> bool:
    person, policy = situation.person, policies()[act.action]
    return policy.allows(person.role, person.site_id, situation.site)
