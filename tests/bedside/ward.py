"""A small study to try the app on: a production unit, two hospitals, the centre, somebody in every role."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pyotp
from fastapi.testclient import TestClient
from moving_clock import Clock

from onearm.bedside.app import create_app
from onearm.bedside.context import Running
from onearm.bedside.first_people import write_people
from onearm.bedside.identity.credentials import enrol, invite
from onearm.bedside.identity.keys import StoredKeys
from onearm.bedside.identity.passwords import Cost, hash_password
from onearm.bedside.identity.second_factor import open_key
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.serving import CENTRE, facts_of, promise_of, source_of
from onearm.ledger.ledger import Ledger
from onearm.ledger.migration import migrate
from onearm.ledger.opening import open_study
from onearm.ledger.store import FILE, open_engine, sqlite_url, write_transaction
from onearm.protocol.people import Delegated, FirstPeople, FirstPerson, Site, Training

PASSWORD = "a lung is no pump at all"
HOST = "https://testserver"
CHEAP = Cost(time_cost=1, memory_kib=64, parallelism=1)
PRODUCT = "AT-MSC"

STUDY = """schema = "onearm.study/1"
[study]
id = "ward"
title = "Two hospitals and a unit"
product = "AT-MSC"
version = "2"
[clock]
starts = "ventilation"
[population]
description = "ventilated adults"
rules = [
    { id = "I1", marker_or_state = "age", op = ">=", value = 18, unit = "years", text = "age 18 years or more" },
    { id = "E1", marker_or_state = "ecmo", op = "==", value = true, text = "ECMO" },
]
[strategies]
treat = "infusions"
[[endpoint]]
id = "death"
horizon_days = 28
[[comparator]]
name = "own records"
kind = "patients"
admitted_because = "untreated patients of the same hospitals"
[matching]
score = "none"
"""
#: account -> role, site
PEOPLE = {
    "PT1": ("PT", "UNIT"),
    "PT2": ("PT", "UNIT"),
    "QC1": ("QC", "UNIT"),
    "QC2": ("QC", "UNIT"),
    "QP1": ("QP", "UNIT"),
    "PH1": ("PH", "S01"),
    "PH1B": ("PH", "S01"),
    "IN1": ("IN", "S01"),
    "NU1": ("NU", "S01"),
    "NU1B": ("NU", "S01"),
    "PH2": ("PH", "S02"),
    "IN2": ("IN", "S02"),
    "NU2": ("NU", "S02"),
    "RR1": ("RR", "CENTRE"),
    "RR2": ("RR", "CENTRE"),
    "RR3": ("RR", "CENTRE"),
    "SP1": ("SP", "CENTRE"),
    "MO1": ("MO", "CENTRE"),
    "CO1": ("CO", "CENTRE"),
    "ST1": ("ST", "CENTRE"),
    "AD1": ("AD", "CENTRE"),
    "IP1": ("IP", "CENTRE"),
}
SITES = (
    Site("CENTRE", "Coordinating centre", "coordination", "ES", "Europe/Madrid"),
    Site("UNIT", "Cell production unit", "production", "ES", "Europe/Madrid"),
    Site("S01", "Hospital one", "hospital", "ES", "Europe/Madrid"),
    Site("S02", "Hospital two", "hospital", "ES", "Europe/Madrid"),
)


def people():
    """Everybody, delegated and trained since January 2020."""
    trained = (Training(PRODUCT, date(2020, 1, 10), "2"),)
    found = []
    for name, (role, site) in PEOPLE.items():
        held = Delegated(role, site, date(2020, 1, 1), "qualified", None, trained)
        language = "es" if name == "NU1B" else "en"
        found.append(FirstPerson(name, f"Person {name}", site, language=language, role=(held,)))
    return FirstPeople("SPONSOR", SITES, tuple(found))


@dataclass
class Performed:
    """One act that was written: by whom, on what, what was typed, who was the second person, the answer, when."""

    account: str
    act: str
    key: str
    typed: dict
    second: str
    answer: dict
    at: datetime


@dataclass
class Ward:
    """The running app, its clock and the second factors of its people."""

    running: Running
    clock: object
    secrets: dict = field(default_factory=dict)
    clients: dict = field(default_factory=dict)
    performed: list = field(default_factory=list)  # every act that was written, in order

    @property
    def ledger(self):
        return self.running.ledger

    @property
    def app(self):
        if not hasattr(self, "_app"):
            self._app = create_app(self.running)
        return self._app

    def code(self, account):
        """The next code of an account that was not used yet: the clock goes on half a minute."""
        self.clock.now += timedelta(seconds=30)
        return pyotp.TOTP(self.secrets[account]).at(self.clock.now)

    def client(self, account):
        """A signed-in browser of this person."""
        if account not in self.clients:
            answer = self.sign_in(account)
            assert answer.status_code == 303, answer.text
        return self.clients[account]

    def sign_in(self, account, password=PASSWORD):
        """What signing in with a new browser is answered."""
        client = TestClient(self.app, base_url=HOST, follow_redirects=False)
        client.headers["origin"] = HOST
        answer = client.post("/sign-in", data={"account": account, "password": password, "code": self.code(account)})
        if answer.status_code == 303:
            self.clients[account] = client
        return answer

    def get(self, account, path):
        """What this person is shown; signed in again where the session ended while the clock went on."""
        answer = self.client(account).get(path)
        if answer.status_code in (303, 401):
            del self.clients[account]
            answer = self.client(account).get(path)
        return answer

    def csrf(self, account):
        """A token of a form of this person."""
        page = self.get(account, "/role")
        return re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)

    def do(self, account, act, key="", *, sign=False, second=None, confirm=False, **typed):
        """Perform an act through its JSON twin; gives the answer."""
        token, client = self.csrf(account), self.client(account)
        path = f"/api/do/{act}/{key}" if key else f"/api/do/{act}"
        form = client.get(path)
        body = {**typed, "confirmed": confirm}
        if form.status_code == 200 and form.json()["read_version"]:
            body["read_version"] = form.json()["read_version"]
        if sign or second:
            body |= {"password": PASSWORD, "code": self.code(second or account)}
        return client.post(path, json=body, headers={"x-csrf-token": token})

    def done(self, *words, **told):
        """The same, and it must have been written."""
        answer = self.do(*words, **told)
        assert answer.status_code == 201, f"{words}: {answer.status_code} {answer.text}"
        account, act, *key = words
        typed = {name: value for name, value in told.items() if name not in ("sign", "second", "confirm")}
        second, now = told.get("second", ""), self.clock.now
        self.performed.append(Performed(account, act, *(key or [""]), typed, second, answer.json(), now))
        return answer.json()


def ward_at(database_url, clock, folder):
    """A running app on an empty, migrated database."""
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    promise = promise_of(folder)
    ledger = Ledger.at(database_url, clock=clock)
    open_study(ledger, facts_of(promise), CENTRE, source_of(promise))
    write_people(ledger, people(), "2")
    keys = StoredKeys(open_key(folder / "onearm.key"), CHEAP)
    ward = Ward(Running(promise, ledger, keys), clock)
    hashed = hash_password(PASSWORD, CHEAP)
    now_ms = milliseconds(clock())
    with write_transaction(ledger.engine) as connection:
        for account in PEOPLE:
            secret = ward.secrets[account] = pyotp.random_base32()
            sealed = keys.key.seal(secret, account)
            enrol(connection, invite(connection, account, now_ms), hashed, sealed, -1, now_ms)
    return ward


def sqlite_ward(folder):
    """A ward whose ledger lies in its study folder, as `onearm serve` keeps it; gives the ward and the folder."""
    engine = open_engine(url := sqlite_url(folder / FILE))
    migrate(engine)
    engine.dispose()
    return ward_at(url, Clock(), folder), folder
