"""Eight processes at one ledger: how many of them win a round, who is told what, and whether seq has a gap."""

import json
import multiprocessing
import sys
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from bench import databases
from bench.measure import MeasureFailed

WRITERS, ROUNDS = 8, 1000
RACES = ("edit one field", "take the last bag")
_LONGEST_S = 60  # of one round


def races() -> dict[str, float | int | str]:
    """Rounds a second, the slowest of both databases and both races; fails when a round has not exactly one winner."""
    rates: dict[str, float] = {}
    with databases.databases() as urls:
        for kind, url in urls.items():
            _prepare(url)
            for race in RACES:
                rates[f"{race}, {kind}"] = _rounds(url, race, kind)
            _check(url, kind)
    slowest = min(rates.values())
    note = f"{len(rates) * ROUNDS:,} rounds of {WRITERS} processes: one winner each, 0 lost silently, 0 gaps; "
    note += ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())
    return {"value": slowest, "lowest": slowest, "highest": max(rates.values()), "repeats": 1, "note": note}


def _prepare(url: str) -> None:
    from racing import prepare

    from onearm.ledger.ledger import Ledger

    ledger = Ledger.at(url)
    prepare(ledger, ROUNDS)
    ledger.close()


def _rounds(url: str, race: str, kind: str) -> float:
    """Rounds a second."""
    from racing import lost_silently
    from rich.console import Console
    from rich.progress import track

    context = multiprocessing.get_context("spawn")
    start, told = context.Barrier(WRITERS + 1), context.Queue()
    writers = [context.Process(target=_write, args=(url, race, k, start, told)) for k in range(WRITERS)]
    for writer in writers:
        writer.start()
    start.wait(_LONGEST_S)
    begun = time.perf_counter()
    try:
        for n in track(range(ROUNDS), f"{race}, {kind}", console=Console(stderr=True)):
            outcomes = [told.get(timeout=_LONGEST_S) for _ in writers]
            if lost_silently(outcomes):
                raise MeasureFailed(f"{race}, {kind}, round {n}: {outcomes}")
            start.wait(_LONGEST_S)
    finally:
        start.abort()
        for writer in writers:
            writer.join(_LONGEST_S)
    return ROUNDS / (time.perf_counter() - begun)


def _write(url: str, race: str, writer: int, start: Barrier, told: "Queue[Any]") -> None:
    """One process: every round begins for all at once, when all of the round before have been told."""
    from threading import BrokenBarrierError

    from racing import bag, edit_one_field, take_the_last_bag

    from onearm.ledger.ledger import Ledger

    ledger = Ledger.at(url)
    with ledger.reading() as view:
        view.head()  # connected
    try:
        for n in range(ROUNDS):
            start.wait(_LONGEST_S)
            if race == RACES[0]:
                told.put(edit_one_field(ledger, writer, n + 1, f"{50 + n // 10}.{n % 10}{writer + 1}"))
            else:
                told.put(take_the_last_bag(ledger, writer, bag(n)))
        start.wait(_LONGEST_S)
    except BrokenBarrierError:
        pass
    ledger.close()


def _check(url: str, kind: str) -> None:
    """Every acknowledged write stands, none twice, and seq goes up by one."""
    from racing import gaps

    from onearm.ledger.ledger import Ledger
    from onearm.ledger.verification import verify

    ledger = Ledger.at(url)
    with ledger.reading() as view:
        versions, taken = len(view.history("weights", "W1")), len(view.rows("custody", event="allocated"))
        sound = verify(view).is_sound
    missing = gaps(ledger)
    ledger.close()
    if (versions, taken, missing, sound) != (ROUNDS + 1, ROUNDS, 0, True):
        raise MeasureFailed(f"{kind}: {versions - 1} corrections, {taken} bags, {missing} gaps, sound: {sound}")


if __name__ == "__main__":
    print(json.dumps(races()), file=sys.stdout)
