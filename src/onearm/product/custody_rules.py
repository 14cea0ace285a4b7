"""P1: a container is in one state, the replay of its custody. P2: the containers of a lot are all accounted for."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from onearm.product.container_state import NOT_MADE, Step, state_after
from onearm.product.history import History
from onearm.product.words import shown
from onearm.records.custody import TRANSITIONS
from onearm.results.finding import Finding, Severity


def every_event_follows_the_one_before(history: History) -> Iterator[Finding]:
    """P1: each event starts from a state it may start from."""
    for steps in history.lives.values():
        for step in steps:
            if not step.is_legal:
                yield _illegal(step)


def _illegal(step: Step) -> Finding:
    event, state = step.event, step.before.state
    allowed = ", ".join(TRANSITIONS[event["event"]].from_states) or "nothing before it"
    bag, name, at = event["container_id"], event["event"], shown(event["occurred_at"])
    return Finding(
        "P1",
        Severity.BLOCK,
        "custody",
        event["custody_id"],
        state,
        allowed,
        f"Bag {bag}: {name} on {at} cannot follow {state}; it starts from: {allowed}.",
        f"Bolsa {bag}: {name} el {at} no puede seguir a {state}; parte de: {allowed}.",
        "Record the event that is missing between the two, or correct the time.",
    )


def every_container_has_its_custody(history: History) -> Iterator[Finding]:
    """P1: a container has a state: some event tells where it is. A container that was given has them all."""
    for container_id, row in history.containers.items():
        if container_id not in history.lives:
            yield Finding(
                "P1",
                Severity.CONFIRM,
                "containers",
                container_id,
                NOT_MADE,
                "at least the event made",
                f"Bag {container_id} of lot {row['lot_id']} has no event: nothing tells where it is.",
                f"La bolsa {container_id} del lote {row['lot_id']} no tiene ningún evento: nada dice dónde está.",
                "Record its custody from the event made on.",
            )


@dataclass(frozen=True, slots=True)
class LotCount:
    """How many containers of a lot are in which state."""

    lot_id: str
    made: int  # containers_made of the lot
    rows: int  # rows of `containers`
    states: Mapping[str, int]  # their sum is `rows`


def lot_count(history: History, lot_id: str, at: datetime | None = None) -> LotCount:
    """Containers of a lot by state, now or at a time."""
    bags = [name for name, row in history.containers.items() if row["lot_id"] == lot_id]
    states = Counter(state_after(name, history.lives.get(name, ()), at).state for name in bags)
    return LotCount(lot_id, history.lots[lot_id]["containers_made"], len(bags), dict(states))


def containers_of_a_lot_are_all_there(history: History) -> Iterator[Finding]:
    """P2: as many containers as the lot made, once it is filled; each is in one state by P1, so all add up."""
    rows = Counter(row["lot_id"] for row in history.containers.values())
    for lot_id, lot in history.lots.items():
        made, found = lot["containers_made"], rows.get(lot_id, 0)
        if found and found != made:
            yield Finding(
                "P2",
                Severity.BLOCK,
                "lots",
                lot_id,
                str(found),
                str(made),
                f"Lot {lot_id} made {made} containers; {found} are recorded.",
                f"El lote {lot_id} produjo {made} contenedores; constan {found}.",
                "Record the missing ones, or correct containers_made.",
            )
