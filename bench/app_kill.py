"""Is an acknowledged entry ever lost, an act ever torn, when the app or its database is killed at any moment?

People at three beds drive patients from arrival to the end of the infusion through the JSON twins, choosing the next
act from what they read. Somebody else kills -9 the app, the PostgreSQL process that serves it, or all of PostgreSQL.
"""

import json
import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.app_process import AppProcess, Base, Codes, Place, bar, base_on, progress, told_by, use_tests
from bench.app_ward import add_stock
from bench.measure import Measure, MeasureFailed

_SEED = 20200710
_BEDS = 3
_BAGS = 20  # of a lot
_PHASE_S = 0.3  # the app is killed within, once the next process has loaded
_LATE_S = 0.8  # the database is killed within, once something was written again
_AWAY_S = 30  # the longest that nobody answers
_REFUSED = 25  # refusals in a row that say the bench, not the app, is wrong
_LOOK = 50  # kills after which everything is read anew
SERIES: tuple[tuple[str, dict[str, int]], ...] = (
    ("sqlite", {"app": 200}),
    ("postgresql", {"app": 100, "backend": 100, "postmaster": 100}),
)
"""On which database what is killed, and how often."""

#: act -> what it writes, in order: a table, with the event of a bag or the reason of a new version
WHOLE: Mapping[str, tuple[str, ...]] = {
    "enrol": ("subjects", "episodes"),
    "check-criterion": ("eligibility_checks",),
    "record-consent": ("consents",),
    "decide-treatment": ("treatment_decisions", "subjects: decision to treat", "signatures"),
    "weigh": ("weights",),
    "order-dose": ("dose_orders", "signatures"),
    "verify-order": ("dose_orders: verified", "signatures"),
    "allocate-bag": ("custody allocated", "signatures"),
    "pack-bag": ("custody packed",),
    "ship-bag": ("custody shipped",),
    "receive-bag": ("custody received",),
    "start-thaw": ("custody thaw_started",),
    "end-thaw": ("custody thaw_ended",),
    "dilute-bag": ("custody diluted",),
    "count-cells": ("custody counted",),
    "issue-bag": ("custody issued", "signatures"),
    "match-bag": ("custody bedside_matched", "signatures"),
    "start-infusion": ("infusions", "custody started"),
    "stop-infusion": (
        "infusions: infusion ended",
        "infusion_containers",
        "custody stopped",
        "dose_orders: infusion ended",
    ),
    "assess-reaction": ("infusions: assessed",),
}


class Away(Exception):
    """No answer, or one that says the database is away: whether the act was written is not known."""


@dataclass
class Ward:
    """What the people share: where the app is, their codes, the bags there are, and what was acknowledged."""

    place: Place
    codes: Codes
    password: str
    bags: list[str]  # not yet meant for anybody
    acknowledged: dict[int, str] = field(default_factory=dict)  # seq -> hash
    torn: list[str] = field(default_factory=list)  # answers that told of half an act
    taken: set[str] = field(default_factory=set)  # patients somebody looks after
    unknown: int = 0  # acts whose answer never came
    ended: threading.Event = field(default_factory=threading.Event)
    trouble: list[BaseException] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)
    arrival: threading.Lock = field(default_factory=threading.Lock)

    def wrote(self, act: str, entries: list[dict[str, Any]]) -> None:
        """Note what was acknowledged."""
        with self.turn:
            for entry in entries:
                if self.acknowledged.setdefault(entry["seq"], entry["hash"]) != entry["hash"]:
                    self.torn.append(f"entry {entry['seq']} was given twice")
            told = tuple(entry["table"] for entry in entries)
            if told != tuple(re.split("[: ]", part)[0] for part in WHOLE[act]):
                self.torn.append(f"{act} told of {told}")


class Person:
    """A browser of one account: signs in when it must, notes what it is told."""

    def __init__(self, ward: Ward, account: str) -> None:
        import httpx2

        self.ward, self.account = ward, account
        self.http = httpx2.Client(base_url=ward.place.address, timeout=_AWAY_S, headers={"origin": ward.place.address})
        self.session: tuple[str, str] | None = None  # cookie, token of its forms
        self.refused = ""

    def get(self, path: str) -> Any:
        """A JSON twin. Raises Away."""
        answer = self._ask("GET", path)
        if answer.status_code != 200:
            raise MeasureFailed(f"{self.account} GET {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def do(self, act: str, key: str = "", *, signer: str = "", **told: Any) -> list[dict[str, Any]] | None:
        """Perform an act; the entries it wrote, None when it was refused. Raises Away."""
        body = {**told, "confirmed": True}
        with self.ward.codes.locks[signer] if signer else nullcontext():
            if signer:
                body |= {"password": self.ward.password, "code": self.ward.codes.next(signer)}
            try:
                answer = self._ask("POST", f"/api/do/{act}/{key}".rstrip("/"), body)
            except Away:
                with self.ward.turn:
                    self.ward.unknown += 1
                raise
        if answer.status_code != 201:
            self.refused = f"{self.account} {act} {key}: {answer.status_code} {answer.text[:600]}"
            return None
        entries: list[dict[str, Any]] = answer.json()["entries"]
        self.ward.wrote(act, entries)
        return entries

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request of a session; signs in when there is none any more."""
        for _ in range(3):
            session = self._session()
            headers = {"cookie": session[0], "x-csrf-token": session[1]}
            answer = self._sent(method, path, headers=headers, json=body)
            if answer.status_code != 401:
                return answer
            with self.ward.codes.locks[self.account]:
                self.session = None if self.session == session else self.session
        raise MeasureFailed(f"{self.account} cannot stay signed in")

    def _session(self) -> tuple[str, str]:
        with self.ward.codes.locks[self.account]:
            while self.session is None:
                told = {"account": self.account, "password": self.ward.password}
                answer = self._sent("POST", "/sign-in", data={**told, "code": self.ward.codes.next(self.account)})
                if answer.status_code == 303:
                    cookie = answer.headers["set-cookie"].partition(";")[0]
                    page = self._sent("GET", "/role", headers={"cookie": cookie})
                    self.session = cookie, page.text.partition('name="csrf" value="')[2].partition('"')[0]
            return self.session

    def _sent(self, method: str, path: str, **told: Any) -> Any:
        import httpx2

        try:
            answer = self.http.request(method, path, **told)
        except httpx2.TransportError as error:
            raise Away from error
        finally:
            self.http.cookies.clear()
        if answer.status_code >= 500:
            raise Away
        if answer.status_code == 429:  # codes whose answer never came count as guesses
            self.ward.place.clock.advance(timedelta(minutes=1))
        return answer


Move = tuple[str, str, str, dict[str, Any]]  # account, act, key, what is typed


class Bed(threading.Thread):
    """One patient after the other, act by act; what comes next is read from the app."""

    def __init__(self, ward: Ward, people: Mapping[str, Person]) -> None:
        super().__init__(daemon=True)
        self.ward, self.people = ward, people
        self.subject = self.bag = ""

    def run(self) -> None:
        """Until the ward ends."""
        refused = 0
        while not self.ward.ended.is_set():
            try:
                who, act, key, told = self.next_move() if self.subject else self.arrival()
                refused = 0 if self.people[who].do(act, key, **told) else refused + 1
                if refused == _REFUSED:
                    raise MeasureFailed(f"refused {refused} times in a row: {self.people[who].refused}")
            except Away:
                time.sleep(0.02)
            except BaseException as error:
                self.ward.trouble.append(error)
                self.ward.ended.set()

    def arrival(self) -> Move:
        """A patient nobody looks after, one whose entry was never answered; else a new one; then the first act."""
        from journey import NO_ILLS

        now = self.now()
        with self.ward.arrival:
            lines = self.people["IN1"].get("/api/patients")["lines"]
            free = sorted({line["subject_id"] for line in lines} - self.ward.taken)
            if not free:
                came = {"symptoms_at": 9, "hospital_at": 3, "icu_at": 2, "ventilated_at": 1}
                told = {name: at(now - timedelta(days=days)) for name, days in came.items()}
                told |= {"sex": "male", "age_years": "63", "height_cm": "170", **NO_ILLS}
                entries = self.people["NU1"].do("enrol", **told)
                if entries is None:
                    raise MeasureFailed(self.people["NU1"].refused)
                free = [entries[0]["key"]]
            self.subject, self.bag = free[0], ""
            self.ward.taken.add(self.subject)
        return self.next_move()

    def now(self) -> datetime:
        """The minute it is."""
        return self.ward.place.clock().replace(second=0, microsecond=0)

    def next_move(self) -> Move:
        """By what the page of the bag says, before it is chosen and after it is empty by that of the patient."""
        if self.bag:
            bag = self.people["PH1"].get(f"/api/bags/{self.bag}")
            if bag["state"] not in ("stock", "infused"):
                return self.with_bag(bag)
        now, key = self.now(), self.subject
        patient = self.people["IN1"].get(f"/api/patients/{key}")
        rows, orders = patient["rows"], patient["orders"]
        if patient["criteria_left"]:
            rule = patient["criteria_left"][0]
            told = {"criterion_id": rule, "assessed_at": at(now), "evidence": "chart"}
            return "NU1", "check-criterion", key, {**told, "met": "yes" if rule == "I1" else "no"}
        if not rows["consents"]:
            told = {"kind": "proxy", "document_version": "1", "given_at": at(now), "scope": ["treatment", "data"]}
            return "IN1", "record-consent", key, told
        if not rows["treatment_decisions"]:
            told = {"decision": "treat", "decided_at": at(now), "product_available": True}
            return "IN1", "decide-treatment", key, {**told, "signer": "IN1"}
        if not rows["weights"]:
            return "NU1", "weigh", key, {"measured_at": at(now), "weight_kg": "80", "method": "bed"}
        if not orders:
            told = {"planned_m_per_kg": "1", "weight_basis": "actual", "requested_for": at(now + timedelta(hours=1))}
            return "IN1", "order-dose", key, {**told, "weight_id": rows["weights"][0]["weight_id"], "signer": "IN1"}
        order = orders[0]
        if order["status"] == "ordered":
            told = {"read_version": order["version"], "signer": "PH1"}
            return "PH1", "verify-order", order["dose_order_id"], told
        if order["status"] == "verified":
            self.bag = self.bag or self.from_stock()
            return "PH1", "allocate-bag", order["dose_order_id"], {"container_id": self.bag, "signer": "PH1"}
        (infusion,) = patient["infusions"]
        if infusion["reaction_assessment"] == "not_assessed":
            told = {"reaction_assessment": "none", "assessed_until_at": at(now), "read_version": infusion["version"]}
            return "IN1", "assess-reaction", infusion["infusion_id"], told
        return self.arrival()

    def from_stock(self) -> str:
        """A bag nobody has chosen."""
        with self.ward.turn:
            if not self.ward.bags:
                raise MeasureFailed("there are no bags left")
            return self.ward.bags.pop()

    def with_bag(self, bag: Mapping[str, Any]) -> Move:
        """By the state of the bag and what happened to it."""
        from journey import scans

        name, now = self.bag, at(self.now())
        seen = {event["event"] for event in bag["custody"]}
        two = {"witness_id": "PH1B", "signer": "PH1B", "occurred_at": now}
        match bag["state"]:
            case "allocated":
                return "PT1", "pack-bag", name, {"occurred_at": now}
            case "packed":
                return "PT1", "ship-bag", name, {"occurred_at": now, "to_place": "S01"}
            case "in_transit":
                told = {"min_c": "-170", "max_c": "-150", "seal": "intact", "look": "good", "to_place": "pharmacy"}
                return "PH1", "receive-bag", name, {"occurred_at": now, **told}
            case "received":
                return "PH1", "start-thaw", name, two
            case "thawing":
                return "PH1", "end-thaw", name, two
            case "thawed" if "diluted" not in seen:
                return "PH1", "dilute-bag", name, {**two, "diluent": "ringer_lactate", "amount_ml": "50"}
            case "thawed" if "counted" not in seen:
                return "PH1", "count-cells", name, {**two, "counted_m": "100", "viability_percent": "92"}
            case "thawed":
                return "PH1", "issue-bag", name, {"to_place": "ICU", "signer": "PH1"}
            case "issued":
                return "IN1", "match-bag", name, {"witness_id": "NU1", "signer": "NU1", **scans(self.subject, name)}
            case "at_bedside":
                told = {"started_at": now, "route": "central_venous", "premedication": "none"}
                return "NU1", "start-infusion", name, told
            case "infusing":
                (infusion,) = self.people["IN1"].get(f"/api/patients/{self.subject}")["infusions"]
                self.ward.place.clock.advance(timedelta(minutes=1))
                told = {"stopped_at": at(self.now()), "status": "completed", "given_volume_ml": "48"}
                told |= {"remainder": "destroyed", "read_version": infusion["version"]}
                return "NU1", "stop-infusion", infusion["infusion_id"], told
        raise MeasureFailed(f"bag {name} of {self.subject} is {bag['state']}")


def at(moment: datetime) -> str:
    """A time as JSON holds it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Checker:
    """Holds the ledger against what was acknowledged: the new entries after each kill, everything at the end."""

    def __init__(self, url: str) -> None:
        from onearm.ledger.ledger import Ledger

        self.ledger = Ledger.at(url)
        with self.ledger.reading() as view:
            head = view.head()
        self.hashes: dict[int, str] = {head.seq: head.hash}
        self.first = head.seq
        self.lost: set[int] = set()
        self.torn: list[str] = []
        self.faults: list[str] = []

    def tail(self, acknowledged: Mapping[int, str]) -> None:
        """What came since the last look: linked, whole acts, and all that was acknowledged is there."""
        last = max(self.hashes)
        with self.ledger.reading() as view:
            new = list(view.entries(after=last))
            versions = _standing_versions(view, new)
        before = self.hashes[last]
        for number, entry in enumerate(new, last + 1):
            if (entry.seq, entry.prev_hash, entry.hash) != (number, before, entry.expected_hash()):
                self.faults.append(f"entry {entry.seq} does not follow entry {number - 1}")
            before = self.hashes[entry.seq] = entry.hash
        self.torn += [f"entries {first} to {last}: {told}" for first, last, told in halves(new)]
        for entry in new:
            if (
                entry.table_name != "signatures"
                and versions.get((entry.table_name, entry.record_key), 0) < entry.version
            ):
                self.faults.append(f"{entry.table_name} {entry.record_key} does not stand as entry {entry.seq} says")
        self._compare(acknowledged)

    def whole(self, acknowledged: Mapping[int, str]) -> None:
        """Everything read anew: chain, replay against the rows that stand, signatures, rules, every acknowledgement."""
        from onearm.ledger.verification import verify

        with self.ledger.reading() as view:
            found = verify(view)
            hashes = {entry.seq: entry.hash for entry in view.entries(after=self.first - 1)}
        self.faults += [f"{fault.kind}: {fault.sentence}" for fault in found.faults]
        if any(hashes.get(seq) != value for seq, value in self.hashes.items()):
            self.faults.append("the ledger is not the one that was read before")
        self.hashes = hashes
        self._compare(acknowledged)

    def _compare(self, acknowledged: Mapping[int, str]) -> None:
        self.lost |= {seq for seq, value in acknowledged.items() if self.hashes.get(seq) != value}


def halves(entries: Sequence[Any]) -> Iterator[tuple[int, int, str]]:
    """Acts of which only some entries are there: first and last seq, and what was found."""
    whole = set(WHOLE.values())
    for _, group in groupby(entries, key=lambda entry: (entry.actor, entry.entered_at)):
        act = list(group)
        told = tuple(_part(entry) for entry in act)
        if told not in whole:
            yield act[0].seq, act[-1].seq, ", ".join(told)


def _part(entry: Any) -> str:
    if entry.table_name == "custody":
        return f"custody {json.loads(entry.values_json)['event']}"
    return entry.table_name if entry.version == 1 else f"{entry.table_name}: {entry.reason}"


def _standing_versions(view: Any, entries: Sequence[Any]) -> dict[tuple[str, str], int]:
    """The version that stands of every row these entries wrote."""
    from onearm.ledger.tables import SCHEMAS, STATE

    found = {}
    for table in {entry.table_name for entry in entries if entry.table_name in STATE}:
        key = SCHEMAS[table].primary_key()
        names = {entry.record_key for entry in entries if entry.table_name == table}
        rows = view.connection.execute(STATE[table].select()).mappings()
        standing = {"/".join(str(row[column]) for column in key): row["version"] for row in rows}
        found |= {(table, name): standing.get(name, 0) for name in names}
    return found


@dataclass
class Tally:
    """What one series of kills found."""

    database: str
    what: str
    kills: int = 0
    acknowledged: int = 0  # entries
    unknown: int = 0  # acts whose answer never came
    lost: int = 0
    torn: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        wrong = "".join(f"\n  {told}" for told in (*self.torn[:5], *self.faults[:5]))
        return (
            f"{self.what} on {self.database}: {self.kills} kills, {self.acknowledged:,} entries acknowledged, "
            f"{self.lost} lost, {len(self.torn)} torn, {len(self.faults)} faults, {self.unknown} answers never came, "
            f"{self.seconds:.0f} s{wrong}"
        )


class Killer:
    """Strikes at a random moment, and lets it start again."""

    def __init__(self, base: Base, place: Place, seed: int) -> None:
        self.base, self.place, self.random = base, place, random.Random(seed)
        self.app = AppProcess(place)
        self.next: AppProcess | None = None
        self.app.loaded()
        self.app.go()

    def strike(self, what: str) -> None:
        """One kill of "app", "backend" or "postmaster", and up again."""
        if what == "app":
            after = self.next or AppProcess(self.place)
            after.loaded()
            time.sleep(self.random.uniform(0, _PHASE_S))
            self.app.kill()
            self.app = after
            self.app.go()
            self.next = AppProcess(self.place)  # loads while this one works
            return
        time.sleep(self.random.uniform(0, _LATE_S))
        if what == "backend":
            os.kill(self._backend(), signal.SIGKILL)
        else:
            self._all_of_it()
            self.base.server.start()

    def _backend(self) -> int:
        """A process that serves the app, in the middle of something if there is one."""
        asked = "SELECT pid, state <> 'idle' FROM pg_stat_activity WHERE usename = 'app_login'"
        for _ in range(20):
            rows = patiently(partial(self._rows, asked))
            busy = [pid for pid, works in rows if works]
            if busy:
                break
        return int(self.random.choice(sorted(busy or [pid for pid, _ in rows])))

    def _rows(self, asked: str) -> list[Any]:
        import psycopg

        with psycopg.connect(self.base.server.url("ward").replace("+psycopg", "")) as connection:
            return connection.execute(asked).fetchall()

    def _all_of_it(self) -> None:
        """The postmaster first, so that it restarts nobody."""
        note = self.base.server.folder / "data" / "postmaster.pid"
        first = int(note.read_text().split()[0])
        told = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        everybody = [first, *map(int, told)]
        for pid in everybody:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + _AWAY_S
        while everybody := [pid for pid in everybody if not _is_gone(pid)]:
            if time.monotonic() > until:
                raise MeasureFailed("PostgreSQL outlives kill -9")
            time.sleep(0.005)

    def end(self) -> None:
        """Of the app, and of the one that waits to follow."""
        self.app.kill()
        if self.next is not None:
            self.next.kill()
        self.place.close()


def adopt_orphans() -> None:
    """Processes whose parent was killed become ours: where nobody waits for them, PostgreSQL believes they live."""
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER of Linux


def _is_gone(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # somebody else waited for it, or will
        return not Path(f"/proc/{pid}").exists()


def patiently(ask: Callable[[], Any]) -> Any:
    """What a database answers once it is there again."""
    import psycopg
    import sqlalchemy as sa

    until = time.monotonic() + _AWAY_S
    while True:
        try:
            return ask()
        except (psycopg.OperationalError, sa.exc.OperationalError, sa.exc.InternalError):
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def run(database: str, kills: Mapping[str, int], *, seed: int = _SEED, bags: int = _BAGS) -> list[Tally]:
    """Kill what is named, so often, on "sqlite" or "postgresql"; one tally for each."""
    use_tests()
    import ward as tests

    if "postmaster" in kills:
        adopt_orphans()
    with base_on(database) as base:
        stock = add_stock(base.ward.ledger, 1 + sum(kills.values()) // bags, bags, base.ward.clock.now)
        place = base.place(cheap=True)
        ward = Ward(place, Codes(base.ward.secrets, place.clock), tests.PASSWORD, stock)
        checker, killer = Checker(base.url), Killer(base, place, seed)
        people = {name: Person(ward, name) for name in ("IN1", "NU1", "PH1", "PT1")}
        beds = [Bed(ward, people) for _ in range(_BEDS)]
        for bed in beds:
            bed.start()
        try:
            tallies = [_series(Tally(database, what), count, ward, checker, killer) for what, count in kills.items()]
            ward.ended.set()
            for bed in beds:
                bed.join(_AWAY_S)
        finally:
            ward.ended.set()
            killer.end()
            for person in people.values():
                person.http.close()
            checker.ledger.close()
    return tallies


def _series(tally: Tally, kills: int, ward: Ward, checker: Checker, killer: Killer) -> Tally:
    begun, known, unknown = time.monotonic(), len(ward.acknowledged), ward.unknown
    while tally.kills < kills:
        _wait_until_written(ward)
        killer.strike(tally.what)
        tally.kills += 1
        look = checker.whole if tally.kills % _LOOK == 0 or tally.kills == kills else checker.tail
        _wait_until_written(ward)
        with ward.turn:
            told = dict(ward.acknowledged)
        patiently(partial(look, told))
        if tally.kills % 10 == 0 or tally.kills == kills:
            lost = f"{len(told) - known:,} entries acknowledged, {len(checker.lost)} lost"
            progress(f"ledger.kill9 {bar(tally.kills, kills)} {tally.what} on {tally.database}: {lost}")
    tally.acknowledged, tally.unknown = len(told) - known, ward.unknown - unknown
    tally.lost, tally.torn, tally.faults = len(checker.lost), [*checker.torn, *ward.torn], list(checker.faults)
    tally.seconds = time.monotonic() - begun
    checker.lost, checker.torn, checker.faults = set(), [], []
    ward.torn.clear()
    return tally


def _wait_until_written(ward: Ward) -> None:
    """Until something more is acknowledged. Raises MeasureFailed, or what a person met."""
    seen, until = len(ward.acknowledged), time.monotonic() + _AWAY_S
    while len(ward.acknowledged) == seen and not ward.trouble:
        if time.monotonic() > until:
            raise MeasureFailed(f"nothing was acknowledged for {_AWAY_S} s")
        time.sleep(0.002)
    if ward.trouble:
        raise ward.trouble[0]


def all_series() -> dict[str, Any]:
    """The reading: entries lost, over all series. Raises MeasureFailed when anything is lost, torn or at fault."""
    tallies = []
    for database, kills in SERIES:
        found = run(database, kills)
        tallies += found
        for tally in found:
            progress(str(tally))
    wrong = [t for t in tallies if t.lost or t.torn or t.faults]
    kills, told = sum(t.kills for t in tallies), sum(t.acknowledged for t in tallies)
    if wrong:
        raise MeasureFailed(f"{len(wrong)} series are not sound: {'; '.join(map(str, wrong))}")
    lost = float(sum(t.lost for t in tallies))
    note = f"of {told:,} acknowledged, {kills} kills; 0 acts torn, 0 faults"
    return {"value": lost, "lowest": lost, "highest": lost, "repeats": 1, "note": note}


MEASURES = (
    Measure(
        "ledger.kill9",
        "entries lost when app, PostgreSQL process or all of PostgreSQL is killed",
        "lost/500 kills",
        partial(told_by, "bench.app_kill"),
        target="0 lost, 0 torn",
    ),
)


if __name__ == "__main__":
    try:
        print(json.dumps(all_series()))
    except MeasureFailed as failed:
        progress(str(failed))
        sys.exit(1)
