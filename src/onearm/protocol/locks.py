"""What was locked and when outcomes were first read: "pre-specified" is earned by the order of events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

FIRST_HASH = "0" * 64


class Act(StrEnum):
    """What an entry records."""

    FREEZE = "freeze"  # protocol and matching, before anyone looks further
    OPEN_OUTCOMES = "open_outcomes"


@dataclass(frozen=True, slots=True)
class LockEntry:
    """One line of `locks.jsonl`; `hash` covers everything else, `prev_hash` is the hash of the line before."""

    seq: int
    entered_at: str  # UTC, YYYY-MM-DDTHH:MM:SS.mmmZ
    action: Act
    values: Mapping[str, str] = field(default_factory=dict)  # protocol_sha256, matching_sha256, onearm
    prev_hash: str = FIRST_HASH
    hash: str = ""


def plan_came_first(entries: Sequence[LockEntry], protocol_sha256: str, matching_sha256: str) -> bool | None:
    """Whether this very plan and matching were frozen before outcomes were first read.

    None: nothing was ever frozen. False: outcomes were read first, or what was frozen is not what is analysed now.
    """
    frozen = [e for e in entries if e.action is Act.FREEZE]
    if not frozen:
        return None
    opened = next((e.seq for e in entries if e.action is Act.OPEN_OUTCOMES), None)
    now = {"protocol_sha256": protocol_sha256, "matching_sha256": matching_sha256}
    same = [e.seq for e in frozen if all(e.values.get(k) == v for k, v in now.items())]
    return bool(same) and (opened is None or min(same) < opened)
