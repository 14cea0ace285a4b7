"""D2: what the form of an infusion and the custody of its bags tell of one moment is one time, but for a tolerance."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from onearm.product.dose_rules import bags_started
from onearm.product.history import History, Row
from onearm.product.words import shown
from onearm.results.finding import Finding, Severity

Moments = Mapping[str, datetime]  # event of custody -> when it happened
Told = tuple[tuple[str, str, str, str], ...]

# time of the form, event of custody that tells the same moment, English, Spanish
_OF_INFUSION: Told = (
    ("started_at", "started", "began", "empezó"),
    ("stopped_at", "stopped", "ended", "terminó"),
)
_OF_BAG: Told = (
    ("thaw_started_at", "thaw_started", "thaw began", "empezó a descongelarse"),
    ("thaw_ended_at", "thaw_ended", "thaw ended", "acabó de descongelarse"),
    ("first_drop_at", "started", "first drop", "primera gota"),
    ("last_drop_at", "stopped", "last drop", "última gota"),
)
_BEGINS = ("thaw_started", "started")  # of several such events the first counts, of others the last


def infusion_times_are_those_of_custody(history: History) -> Iterator[Finding]:
    """D2: an infusion begins with the first and ends with the last of its bags; each bag thaws and runs as it says.

    Confirmed, not refused: either of the two may be the wrong one, paper is corrected later, and a block would keep a
    running infusion from being stopped on record. An event that custody lacks is told by P1.
    """
    started, listed = bags_started(history), set[str]()
    for rows in history.bags.values():
        listed |= {row["container_id"] for row in rows}
    for name, infusion in history.infusions.items():
        given = {row["container_id"] for row in history.bags.get(name, ())}
        bags = given | (started.get(infusion["dose_order_id"], set()) - listed)
        yield from _apart(history, "infusions", name, infusion, _whole(history, bags), _OF_INFUSION)
    for name, rows in history.bags.items():
        for row in rows:
            key, moments = f"{name}/{row['container_id']}", _moments(history, row["container_id"])
            yield from _apart(history, "infusion_containers", key, row, moments, _OF_BAG)


def _moments(history: History, container_id: str) -> Moments:
    """When each event happened to one bag."""
    found: dict[str, datetime] = {}
    for step in history.lives.get(container_id, ()):  # in order of time
        event = step.event["event"]
        if event not in _BEGINS or event not in found:
            found[event] = step.event["occurred_at"]
    return found


def _whole(history: History, bags: Collection[str]) -> Moments:
    """First start and last stop of all bags; neither is known while one bag has no such event."""
    each = [_moments(history, bag) for bag in bags]
    found = {}
    for event, one in (("started", min), ("stopped", max)):
        times = [moments[event] for moments in each if event in moments]
        if times and len(times) == len(each):
            found[event] = one(times)
    return found


def _apart(history: History, table: str, key: str, row: Row, moments: Moments, names: Told) -> Iterator[Finding]:
    """One finding for all times of a row that differ by more than the tolerance."""
    most = history.rulebook.times_differ_min
    off = [
        (shown(row[column]), shown(moments[event]), en, es)
        for column, event, en, es in names
        if row[column] is not None
        and event in moments
        and abs(row[column] - moments[event]) > timedelta(minutes=float(most))
    ]
    if not off:
        return
    bag = row.get("container_id")
    who, whose = (f"Infusion {key}", f"Infusión {key}") if bag is None else (f"Bag {bag}", f"Bolsa {bag}")
    yield Finding(
        "D2",
        Severity.CONFIRM,
        table,
        key,
        ", ".join(told for told, _, _, _ in off),
        f"{', '.join(moment for _, moment, _, _ in off)}, at most {shown(most)} min apart",
        f"{who}: {'; '.join(f'{en} {told}, by custody {moment}' for told, moment, en, _ in off)}.",
        f"{whose}: {'; '.join(f'{es} {told}, según la custodia {moment}' for told, moment, _, es in off)}.",
        "See on paper which time is right, and correct the other.",
    )
