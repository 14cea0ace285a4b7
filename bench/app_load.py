"""Does the app bear a ward: 50 people at once who read and enter, on two processes and one database?"""

import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bench.app_process import AppProcess, Base, Codes, Place, base_on, progress, told_by
from bench.app_ward import add_patients, add_stock
from bench.measure import Measure, MeasureFailed

_SEED = 20200710
_SECONDS = 60
_WARM_S = 10  # at first, and not counted: every process has loaded all it needs
_PROCESSES = 2
_PATIENTS, _BAGS, _GIVEN = 100, 40, 25  # of each of two hospitals; bags of a lot; patients who got one
_PAUSE_S = 3.0  # of a person between two requests, on average
_SLOWEST_S = 30
_KEPT_S = 4  # a connection is used again within: the app closes it after 5
#: role -> people, per hospital or in the centre
_HOSPITAL, _CENTRE = {"NU": 10, "IN": 7, "PH": 3}, {"CO": 5, "MO": 5}
_ENTERS = {"NU": 0.45, "IN": 0.45}  # share of what somebody does; the others only read. 30 % in all


@dataclass
class Taken:
    """How long every answer took, by kind of request, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    entries: int = 0  # written
    conflicts: int = 0  # somebody else was first: the right answer

    def of(self, *kinds: str) -> list[float]:
        """All of these kinds ("read", "enter")."""
        return [s for kind, found in self.seconds.items() if kind.startswith(kinds) for s in found]


class User:
    """One person with a browser."""

    def __init__(self, ward: "Hospital", account: str, role: str, site: str, http: Any) -> None:
        self.ward, self.account, self.role, self.site, self.http = ward, account, role, site, http
        self.random = random.Random(f"{_SEED} {account}")
        self.headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        """Once, before the clock starts."""
        form = {"account": self.account, "password": self.ward.password, "code": self.ward.codes.next(self.account)}
        answer = await self.http.post("/sign-in", data=form)
        if answer.status_code != 303:
            raise MeasureFailed(f"{self.account} cannot sign in: {answer.status_code}")
        self.headers = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
        self.http.cookies.clear()
        page = await self.http.get("/role", headers=self.headers)
        self.headers["x-csrf-token"] = page.text.partition('name="csrf" value="')[2].partition('"')[0]

    async def work(self, until: float, pause_s: float) -> None:
        """Until the time is over."""
        await asyncio.sleep(self.random.uniform(0, pause_s))
        while time.perf_counter() < until:
            if self.random.random() < _ENTERS.get(self.role, 0):
                await self.enter()
            else:
                await self.read()
            await asyncio.sleep(self.random.expovariate(1 / pause_s) if pause_s else 0)

    async def read(self) -> None:
        """A page."""
        kind, path = self._page()
        await self._timed(f"read {kind}", "GET", path, 200)

    def _page(self) -> tuple[str, str]:
        """Which one: the first screen, the list, a patient, a bag."""
        site = self.site if self.site in self.ward.patients else self.random.choice(sorted(self.ward.patients))
        bag = f"/bags/{self.random.choice(self.ward.given[site])}"
        seen = (self.ward.treated if self.role == "PH" else self.ward.patients)[site]
        pages = {"first screen": "/", "patients": "/patients", "bag": bag}
        pages["patient"] = f"/patients/{self.random.choice(seen)}"
        kind = self.random.choices(tuple(pages), (3, 2, 1, 4))[0]
        return kind, pages[kind]

    async def enter(self) -> None:
        """The form, then what was typed."""
        subject = self.random.choice(self.ward.patients[self.site])
        acts: dict[str, int] = {"measure": 5, "weigh": 2, "begin-episode": 2, "correct-measurements": 2}
        acts |= {"report-event": 2, "decide-treatment": 1} if self.role == "IN" else {}
        act = self.random.choices(tuple(acts), tuple(acts.values()))[0]
        crp = 6 * self.random.randint(0, 49) + 1
        key = f"{subject}-M{crp}" if act == "correct-measurements" else subject
        form = await self._timed(f"read form {act}", "GET", f"/api/do/{act}/{key}", 200)
        if form is None:
            return
        told = self._typed(act, form)
        if act == "decide-treatment":
            told |= {"password": self.ward.password, "code": self.ward.codes.next(self.account)}
        await self._timed(f"enter {act}", "POST", f"/api/do/{act}/{key}", 201, json=told)

    def _typed(self, act: str, form: Mapping[str, Any]) -> dict[str, Any]:
        when = at(self.ward.place.clock() - timedelta(seconds=self.random.randint(60, 3600)))
        value = str(self.random.randint(5, 300))
        match act:
            case "measure":
                told = {"marker": "crp", "collected_at": when, "value": value, "raw_unit": "mg/L", "specimen": "serum"}
                return {**told, "quality": "ok", "comparator": "=", "confirmed": True}
            case "weigh":
                return {"measured_at": when, "weight_kg": "81", "method": "bed", "confirmed": True}
            case "begin-episode":
                return {"kind": "prone", "started_at": when, "confirmed": True}
            case "report-event":
                told = {"term": "fever", "grade": 2, "started_at": when, "serious": False, "relation": "possible"}
                return {**told, "action": "none", "outcome": "resolved", "narrative": "38.5 Cel", "confirmed": True}
            case "decide-treatment":
                return {"decision": "treat", "decided_at": when, "product_available": True, "confirmed": True}
        known = {f["name"]: as_json(f["kind"], f["value"]) for f in form["fields"]}
        changed = {"raw_value": value, "reason": "read again", "read_version": form["read_version"], "confirmed": True}
        return {**known, **changed, "quality": "doubtful"}

    async def _timed(self, kind: str, method: str, path: str, wanted: int, **told: Any) -> Any:
        import httpx2

        begun = time.perf_counter()
        try:
            answer = await self.http.request(method, path, headers=self.headers, **told)
        except httpx2.TransportError as error:
            self.ward.taken.wrong.append(f"{kind}: {error!r}")
            return None
        self.ward.taken.seconds.setdefault(kind, []).append(time.perf_counter() - begun)
        if answer.status_code != wanted:
            if answer.status_code == 409 and re.search('"error":"conflict"|recorded already', answer.text):
                self.ward.taken.conflicts += 1
            else:
                self.ward.taken.wrong.append(f"{self.account} {kind} {path}: {answer.status_code} {answer.text[:300]}")
            return None
        told = answer.json() if "/api/" in path else None
        self.ward.taken.entries += len(told["entries"]) if wanted == 201 else 0
        return told


@dataclass
class Hospital:
    """What the users share."""

    place: Place
    codes: Codes
    password: str
    patients: dict[str, list[str]]
    treated: dict[str, list[str]]
    given: dict[str, list[str]]  # bags
    taken: Taken = field(default_factory=Taken)


def at(moment: datetime) -> str:
    """A time as JSON holds it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def as_json(kind: str, value: str) -> Any:
    """What a form shows, as its twin takes it."""
    if value == "":
        return None
    return int(value) if kind == "integer" else value == "true" if kind == "yes_no" else value


def staff() -> dict[str, tuple[str, str]]:
    """Account -> role and site of 50 people."""
    there = [(role, site, n) for site in ("S01", "S02") for role, count in _HOSPITAL.items() for n in range(count)]
    there += [(role, "CENTRE", n) for role, count in _CENTRE.items() for n in range(count)]
    return {f"{role}-{site}-{n}": (role, site) for role, site, n in there}


def filled(base: Base, patients: int = _PATIENTS, told: Callable[[str], None] = progress) -> Hospital:
    """The study with its patients, ready to be served."""
    import ward as tests

    ledger, now, given = base.ward.ledger, base.ward.clock.now, min(_GIVEN, patients)
    bags = add_stock(ledger, 2, _BAGS, now)
    used = {"S01": bags[:given], "S02": bags[_BAGS : _BAGS + given]}
    names = {site: add_patients(ledger, site, patients, used[site], now, told) for site in used}
    place = base.place(cheap=False, doors=_PROCESSES)
    codes = Codes(base.ward.secrets, place.clock)
    treated = {site: found[:given] for site, found in names.items()}
    return Hospital(place, codes, tests.PASSWORD, names, treated, used)


async def drive(ward: Hospital, seconds: float, pause_s: float) -> float:
    """Everybody works for so long; how long it was."""
    import httpx2

    address = ward.place.address
    async with AsyncExitStack() as browsers:
        users = []
        for account, (role, site) in staff().items():
            limits = httpx2.Limits(keepalive_expiry=_KEPT_S)
            http = httpx2.AsyncClient(base_url=address, headers={"origin": address}, timeout=_SLOWEST_S, limits=limits)
            users.append(User(ward, account, role, site, await browsers.enter_async_context(http)))
            await users[-1].sign_in()
        await asyncio.gather(*(user.work(time.perf_counter() + _WARM_S, pause_s) for user in users))
        if not ward.taken.wrong:
            ward.taken = Taken()
        begun = time.perf_counter()
        await asyncio.gather(*(user.work(begun + seconds, pause_s) for user in users))
        return time.perf_counter() - begun


@dataclass(frozen=True)
class Outcome:
    """What a minute on the ward was like."""

    database: str
    seconds: float
    taken: Taken
    faults: tuple[str, ...]

    def __str__(self) -> str:
        requests, acts = (len(self.taken.of(*kinds)) / self.seconds for kinds in (("read", "enter"), ("enter",)))
        said = [
            f"{self.database}: {requests:.1f} requests/s, {acts:.1f} acts/s, "
            f"{self.taken.entries / self.seconds:.1f} entries/s, "
            f"{len(self.taken.wrong)} errors, {self.taken.conflicts} conflicts, {len(self.faults)} faults"
        ]
        for kind in ("read", "enter", *sorted(self.taken.seconds)):
            found = self.taken.of(kind)
            if found:
                slow = f"p50 {1000 * statistics.median(found):.0f} ms, p95 {1000 * p95(found):.0f} ms"
                said.append(f"  {kind}: {len(found)}, {slow}, slowest {1000 * max(found):.0f} ms")
        return "\n".join([*said, *self.taken.wrong[:5], *self.faults[:5]])


def p95(values: Sequence[float]) -> float:
    """The 95th percentile; 0 of none."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else sum(values)


def run(database: str, *, seconds: float = _SECONDS, pause_s: float = _PAUSE_S, patients: int = _PATIENTS) -> Outcome:
    """Fill, serve, drive, verify."""
    from onearm.ledger.ledger import Ledger
    from onearm.ledger.verification import verify

    with base_on(database, cheap=False, people=staff()) as base:
        ward = filled(base, patients)
        apps = [AppProcess(ward.place, door) for door in range(_PROCESSES)]
        try:
            for app in apps:
                app.loaded()
                app.go()
            progress(f"app.load: {len(staff())} people on {database} for {seconds:.0f} s")
            took = asyncio.run(drive(ward, seconds, pause_s))
        finally:
            for app in apps:
                app.kill()
            ward.place.close()
        ledger = Ledger.at(base.url)
        with ledger.reading() as view:
            found = verify(view)
        ledger.close()
    faults = tuple(f"{fault.kind}: {fault.sentence}" for fault in found.faults)
    return Outcome(database, took, ward.taken, faults)


def both() -> dict[str, Any]:
    """The reading: p95 of all answers on PostgreSQL, beside SQLite. Raises MeasureFailed for an error or a fault."""
    found = [run(database) for database in ("postgresql", "sqlite")]
    for one in found:
        progress(str(one))
        if one.taken.wrong or one.faults:
            raise MeasureFailed(f"{one.database}: {len(one.taken.wrong)} errors, {len(one.faults)} faults")
    main, peer = found
    read, enter = main.taken.of("read"), main.taken.of("enter")
    note = (
        f"0 errors of {len(read) + len(enter):,}; reading p50 {statistics.median(read):.3f} p95 {p95(read):.3f}, "
        f"entry p50 {statistics.median(enter):.3f} p95 {p95(enter):.3f} s; "
        f"{main.taken.entries / main.seconds:.1f} entries/s"
    )
    values = {"value": p95(read + enter), "peer_value": p95(peer.taken.of("read", "enter"))}
    return {**values, "lowest": min(read + enter), "highest": max(read + enter), "repeats": 1, "note": note}


MEASURES = (
    Measure(
        "app.load",
        f"95 of 100 answers within, {len(staff())} people reading and entering for a minute",
        "s",
        partial(told_by, "bench.app_load"),
        peer="the same on SQLite",
        target="< 1, 0 errors",
    ),
)


if __name__ == "__main__":
    try:
        print(json.dumps(both()))
    except MeasureFailed as failed:
        progress(str(failed))
        sys.exit(1)
