"""Why the ledger refuses a write."""

from collections.abc import Mapping
from dataclasses import dataclass

from onearm.results.problems import Problem


class LedgerRefusal(Exception):
    """Nothing of the act was written."""


@dataclass(eq=False)  # not frozen: raising sets the traceback
class Conflict(LedgerRefusal):
    """Somebody changed the row after the form read it: both stand here, nothing was overwritten."""

    table: str
    key: str
    read_version: int | None  # None: the form meant to make a new row
    stands: Mapping[str, object]  # the row as it stands now; empty when it was withdrawn

    def __str__(self) -> str:
        return f"{self.table} {self.key} changed since it was read; look at both values and enter it again."


@dataclass(eq=False)  # not frozen: raising sets the traceback
class InvalidRow(LedgerRefusal):
    """The row breaks rules of its table."""

    table: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "; ".join(f"{p.sentence} {p.remedy}" for p in self.problems)


@dataclass(eq=False)  # not frozen: raising sets the traceback
class EditingRestricted(LedgerRefusal):
    """A data lock holds: sites write nothing until it is unlocked."""

    freeze_id: str

    def __str__(self) -> str:
        return f"The data lock {self.freeze_id} restricts editing; coordinator and statistician can unlock it."


@dataclass(eq=False)  # not frozen: raising sets the traceback
class ReasonMissing(LedgerRefusal):
    """An action that says why said nothing."""

    action: str

    def __str__(self) -> str:
        return f"The action {self.action} needs a reason."
