"""An act: one thing a person does at one step, as data. Form, review, JSON twin, paper and tests all come from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from onearm.bedside.field import Field
from onearm.bedside.naming import used_numbers
from onearm.bedside.situation import Situation, about
from onearm.ledger.entry import Action
from onearm.records import Records

Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row an act writes. `read_version` None makes a new one, else a new version of the one that stands."""

    table: str
    values: Mapping[str, Any]
    read_version: int | None = None
    action: Action | None = None  # else create or correct
    gone: bool = False  # entered in error: it stands no more, its versions stay


@dataclass(frozen=True, slots=True)
class Plan:
    """What an act would write. A signature goes on the rows at the places `signs`."""

    rows: tuple[Row, ...]
    occurred_at: datetime | None = None
    reason: str = ""
    signs: tuple[int, ...] = (0,)
    signs_standing: bool = False  # the signature goes on the row the act is about, as it stands
    statement: Mapping[str, object] = field(default_factory=dict)  # values of the words that are signed
    records: Records | None = None  # what rules must see beside the case, where an act reaches out of it
    erases: int | None = None  # seq of an entry whose values are redacted
    go_to: str | None = None  # page afterwards, else that of what the act is about


class Refusal(Exception):
    """The act makes no sense here; the key of the catalogue says why."""

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def _no_answers(situation: Situation) -> Answers:
    return {}


@dataclass(frozen=True, slots=True)
class Act:
    """Words come from the catalogue: `act.<id>.title`, `.button`, and `.statement` when it is signed."""

    id: str
    action: str  # line of roles.toml
    about: str  # key of ABOUT
    step: int  # of the way from lot to recall
    fields: tuple[Field, ...]
    build: Callable[[Situation, Answers], Plan]
    prefill: Callable[[Situation], Answers] = _no_answers
    fits: Callable[[Situation], bool] = lambda situation: True  # whether a menu offers it now
    meaning: str | None = None  # signed with password and second factor
    second_person: str | None = None  # field with the account of another person, who confirms with own factors
    instead: Mapping[str, str] = field(default_factory=dict)  # refused for this key: that act is performed
    aside: bool = False  # for when something is wrong: offered apart from the next step
    changes: bool = False  # writes a new version of the row it is about: the form carries the version it read

    def __post_init__(self) -> None:
        about(self.about)  # a misspelt one fails at the start, not at the bedside

    @property
    def path(self) -> str:
        """Path of its form."""
        return f"/do/{self.id}" if self.about == "study" else f"/do/{self.id}/{{key:path}}"

    def path_for(self, key: str) -> str:
        """Path of its form for one case."""
        return f"/do/{self.id}" if self.about == "study" else f"/do/{self.id}/{key}"


def changed(row: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """A row with some cells changed, without what the ledger itself fills in."""
    return {**{k: v for k, v in row.items() if k not in ("version", "entered_at")}, **values}


def next_name(situation: Situation, table: str, stem: str, letter: str) -> str:
    """`<stem>-<letter><n>`: the first number no row of the table has had yet; asked inside the writing transaction."""
    return next_names(situation, table, stem, letter, 1)[0]


def next_names(situation: Situation, table: str, stem: str, letter: str, count: int) -> Sequence[str]:
    """Several names in a row."""
    first = max(used_numbers(situation.view, table, f"{stem}-{letter}"), default=0) + 1
    return [f"{stem}-{letter}{first + i}" for i in range(count)]
