"""The thaw clock: it starts when the thaw ends and runs out at the last drop or the limit, whichever comes first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from onearm.product.container_state import ContainerState, replay
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records

RUNNING = ("thawed", "issued", "at_bedside", "infusing", "held")


@dataclass(frozen=True, slots=True)
class ThawClock:
    """A bag whose clock runs."""

    container_id: str
    state: str
    dose_order_id: str | None
    subject_id: str | None
    place: str | None
    thawed_at: datetime
    runs_out_at: datetime
    minutes_left: int  # rounded down; below 0 when it ran out


def runs_out_at(stands: ContainerState, rulebook: Rulebook) -> datetime | None:
    """When the clock of a bag runs out; None before thaw."""
    if stands.thawed_at is None:
        return None
    return stands.thawed_at + timedelta(minutes=float(rulebook.thaw_limit_min))


def minutes_left(stands: ContainerState, rulebook: Rulebook, now: datetime) -> int | None:
    """Whole minutes until the last drop must have fallen, rounded down; None before thaw."""
    end = runs_out_at(stands, rulebook)
    return None if end is None else (end - now) // timedelta(minutes=1)


def running_clocks(records: Records, rulebook: Rulebook, now: datetime) -> tuple[ThawClock, ...]:
    """Every thawed bag that has not ended at a time, the shortest clock first."""
    custody = records["custody"].filter(pl.col("occurred_at") <= now)
    thawed = custody.filter(pl.col("event") == "thaw_ended")["container_id"].unique()
    found = []
    for (name,), rows in custody.filter(pl.col("container_id").is_in(thawed.to_list())).group_by("container_id"):
        stands = replay(str(name), rows.to_dicts())[-1].after
        end, left = runs_out_at(stands, rulebook), minutes_left(stands, rulebook, now)
        if stands.state in RUNNING and stands.thawed_at is not None and end is not None and left is not None:
            told = (stands.state, stands.dose_order_id, stands.subject_id, stands.place)
            found.append(ThawClock(str(name), *told, stands.thawed_at, end, left))
    return tuple(sorted(found, key=lambda c: (c.runs_out_at, c.container_id)))
