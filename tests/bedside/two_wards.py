"""One course of everything at hospital S01 and unit UNIT, and its mirror image at S02 and UNIT2: kept apart."""

import io
import re
from datetime import datetime, timedelta

import pyotp
import sqlalchemy as sa
from every_act import EVENT, key_of
from fastapi.testclient import TestClient
from journey import iso, whole_course
from PIL import Image
from ward import CHEAP, HOST, PASSWORD, PRODUCT, sqlite_ward

from onearm.bedside.context import COOKIE
from onearm.bedside.identity.credentials import enrol, invite
from onearm.bedside.identity.passwords import hash_password
from onearm.bedside.identity.tables import milliseconds
from onearm.bedside.labels.check_characters import new_container_id
from onearm.bedside.pictures import new_image_id, path_of
from onearm.ledger.entry import Actor
from onearm.ledger.store import write_transaction
from onearm.records.columns import canonical_json
from onearm.records.tables import TABLES

COORDINATOR = Actor("CO1", "CO", "CENTRE")
ACCOUNT = {"PT": "PT1", "QC": "QC1", "QP": "QP1", "PH": "PH1", "IN": "IN1", "NU": "NU1", "RR": "RR1", "SP": "SP1",
           "MO": "MO1", "CO": "CO1", "ST": "ST1", "AD": "AD1", "IP": "IP1"}  # fmt: skip
UNIT_ROLES = ("PT", "QC", "QP")


class TwoWards:
    """The app, the keys of what stands at each site, and who asks."""

    def __init__(self, folder):
        self.ward, self.folder = sqlite_ward(folder)
        sa.event.listen(self.ward.ledger.engine, "connect", _without_fsync)
        self.ward.ledger.engine.dispose()
        self.subject, self.bag, self.infusion = whole_course(self.ward)
        self.keys = _more(self.ward, self.subject)
        self._a_bag_in_stock()
        self.mirrored = {"S01": "S02", "LOT-1": "LOT-2", "UNIT": "UNIT2", self.keys["image"]: new_image_id()}
        self._mirror()
        picture = path_of(self.folder, self.keys["image"])
        path_of(self.folder, self.mirror(self.keys["image"])).write_bytes(picture.read_bytes())
        self.browser = TestClient(self.ward.app, base_url=HOST, follow_redirects=False)
        self.tokens = {}

    def _a_bag_in_stock(self):
        """A second bag of the lot, received at S01 and not meant for anybody."""
        ward = self.ward
        with ward.ledger.reading() as view:
            spare = [b["container_id"] for b in view.rows("containers") if b["container_id"] != self.bag]
        self.keys["bag at S01"], self.keys["bag at UNIT"] = other, _ = spare
        for account, act, told in (
            ("PT1", "pack-bag", {}),
            ("PT1", "ship-bag", {"to_place": "S01"}),
            ("PH1", "receive-bag", {"min_c": "-170", "max_c": "-150", "seal": "intact", "look": "good"}),
        ):
            ward.clock.now += timedelta(minutes=1)
            ward.done(account, act, other, occurred_at=iso(ward.clock.now), **told)

    def _mirror(self):
        """Every row of a site again at the other, under other names."""
        ward = self.ward
        with ward.ledger.writing(COORDINATOR) as act:
            unit = {"site_id": "UNIT2", "title": "Other unit", "kind": "production", "country": "ES"}
            act.add("sites", {**unit, "timezone": "Europe/Madrid"}, reason="joins")
            for bag in act.view.rows("containers"):
                self.mirrored[bag["container_id"]] = new_container_id()
            for table in [*TABLES, "images", "queries", "endorsements"]:
                if table not in ("specifications", "sources"):
                    rows = act.view.rows(table)
                    act.add_all(table, [{k: self.mirror(v) for k, v in row.items() if k not in _OWN} for row in rows])

    def mirror(self, value):
        """The same value at the other site."""
        if not isinstance(value, str):
            return value
        return re.sub("|".join(sorted(self.mirrored, key=len, reverse=True)), lambda m: self.mirrored[m[0]], value)

    def person(
        self, account, role, site, *, until=None, training=True, trainings=None, person=None, since="2020-01-01"
    ):
        """One more account with one delegation and a way to sign in."""
        ward = self.ward
        if trainings is None:
            trainings = [(PRODUCT, "2", "2020-01-10")] if training else []
        trained = [{"product_code": p, "protocol_version": v, "trained_on": str(on)} for p, v, on in trainings]
        with ward.ledger.writing(COORDINATOR) as act:
            act.add("accounts", {
                "site_id": site, "account_id": account, "person_id": person or account, "title": account,
                "language": "en", "status": "active",
            })  # fmt: skip
            act.add("delegations", {
                "site_id": site, "delegation_id": f"{account}-G1", "account_id": account, "role": role,
                "valid_from": datetime.fromisoformat(since).date(), "valid_to": until, "qualification": "qualified",
                "training": canonical_json(trained), "signed_by": "SPONSOR",
            })  # fmt: skip
        secret = ward.secrets[account] = pyotp.random_base32()
        with write_transaction(ward.ledger.engine) as connection:
            token = invite(connection, account, milliseconds(ward.clock()))
            sealed = ward.running.keys.key.seal(secret, account)
            enrol(connection, token, hash_password(PASSWORD, CHEAP), sealed, -1, milliseconds(ward.clock()))

    def ask(self, account, path, method="GET", **told):
        """What this person is answered; signed in again where an administrator ended the session."""
        answer = self._ask(account, path, method, **told)
        if answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in"):
            del self.tokens[account]
            answer = self._ask(account, path, method, **told)
        return answer

    def _ask(self, account, path, method, **told):
        if account not in self.tokens:
            self.ward.csrf(account)  # signs in again where the clock went on
            self.tokens[account] = self.ward.client(account).cookies.get(COOKIE)
        headers = {"cookie": f"{COOKIE}={self.tokens[account]}", "origin": HOST, **told.pop("headers", {})}
        return self.browser.request(method, path, headers=headers, **told)

    def close(self):
        """The end."""
        self.ward.ledger.close()


_OWN = ("version", "entered_at")


def _without_fsync(connection, _record):
    connection.execute("PRAGMA synchronous=OFF")


def _picture():
    out = io.BytesIO()
    Image.new("L", (64, 64), 90).save(out, "PNG")
    return out.getvalue()


def _more(ward, subject):
    """What a good day lacks: a value, a visit, an event, an image that was read, queries, a redaction, a data lock."""
    now = ward.clock.now
    keys = {}
    value = ward.done(
        "NU1", "measure", subject, marker="crp", collected_at=iso(now), value="98", raw_unit="mg/L", specimen="serum",
        quality="ok",
    )  # fmt: skip
    keys["measurements"] = key_of(value, "measurements")
    keys["visits"] = key_of(
        ward.done("NU1", "keep-visit", subject, planned_day=7, status="missed", reason="transfer"), "visits"
    )
    started = {"started_at": iso(now - timedelta(days=1)), "confirm": True}
    keys["event"] = key_of(ward.done("NU1", "report-event", subject, **started, **EVENT), "adverse_events")
    form = {"modality": "chest_xray", "looked": "true", "csrf": ward.csrf("IN1")}
    form["taken_at"] = (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    client = ward.client("IN1")
    sent = client.post(f"/patients/{subject}/images", data=form, files={"file": ("a.png", _picture(), "image/png")})
    assert sent.status_code == 303, sent.text
    with ward.ledger.reading() as view:
        keys["image"] = view.rows("images")[0]["image_id"]
    read = ward.done("RR1", "read-image", keys["image"], system="rale", score=12, change="same")
    keys["image_reads"] = key_of(read, "image_reads")
    asked = ward.done("MO1", "ask-query", table_name="subjects", record_key=subject, question="measured?")
    keys["query"] = key_of(asked, "queries")
    asked = ward.done("MO1", "ask-query", table_name="lots", record_key="LOT-1", question="passage?")
    keys["query of the unit"] = key_of(asked, "queries")
    redaction = ward.done("CO1", "ask-redaction", sign=True, entry_seq=50, why="a name was typed")
    keys["redaction"] = key_of(redaction, "redactions")
    lock = ward.done("CO1", "propose-lock", sign=True, purpose="interim", restricts_editing=False)
    keys["freeze"] = key_of(lock, "freezes")
    ward.done("ST1", "sign-lock", keys["freeze"], sign=True)
    return keys


def site_of(account):
    return "S01" if account[:2] in ("PH", "IN", "NU") else "UNIT" if account[:2] in UNIT_ROLES else "CENTRE"


def routes(app):
    """All of them, those of included routers as well."""

    def flat(some):
        for route in some:
            inner = getattr(route, "original_router", None)
            yield from flat(inner.routes) if inner is not None else (route,)

    return list(flat(app.routes))


def objects(two):
    """Keys at the own and at the other site: by kind of thing and site of who asks."""
    keys, subject, infusion = two.keys, two.subject, two.infusion
    with two.ward.ledger.reading() as view:
        first = {
            name: {r["site_id"]: r for r in reversed(view.rows(name))}
            for name in ("lot_tests", "release_decisions", "dose_orders", "episodes", "consents", "eligibility_checks",
                         "weights", "outcomes", "lot_materials", "infusion_containers")
        }  # fmt: skip
    own = {
        "lot": "LOT-1",
        "lot_test": first["lot_tests"]["UNIT"]["lot_test_id"],
        "decision": first["release_decisions"]["UNIT"]["decision_id"],
        "subject": subject,
        "order": first["dose_orders"]["S01"]["dose_order_id"],
        "infusion": infusion,
        "episode": first["episodes"]["S01"]["episode_id"],
        "event": keys["event"],
        "image": keys["image"],
        "query": {"UNIT": keys["query of the unit"], "S01": keys["query"]},
        "bag": {"UNIT": keys["bag at UNIT"], "S01": keys["bag at S01"]},
        "row:lots": "LOT-1",
        "row:lot_materials": "LOT-1/1",
        "row:lot_tests": first["lot_tests"]["UNIT"]["lot_test_id"],
        "row:subjects": subject,
        "row:consents": first["consents"]["S01"]["consent_id"],
        "row:eligibility_checks": first["eligibility_checks"]["S01"]["check_id"],
        "row:weights": first["weights"]["S01"]["weight_id"],
        "row:measurements": keys["measurements"],
        "row:visits": keys["visits"],
        "row:episodes": first["episodes"]["S01"]["episode_id"],
        "row:outcomes": first["outcomes"]["S01"]["outcome_id"],
        "row:adverse_events": keys["event"],
        "row:infusions": infusion,
        "row:infusion_containers": f"{infusion}/{two.bag}",
        "row:image_reads": keys["image_reads"],
    }
    alone = {"account": ("NU1", "NU2"), "delegation": ("NU1-G1", "NU2-G1")}
    everywhere = {"redaction": keys["redaction"], "freeze": keys["freeze"], "study": "",
                  "row:specifications": "SPEC-1/1/viability/final"}  # fmt: skip
    return own, alone, everywhere


def keys_for(two, about, site):
    """(own, other) for who asks from a site; other None where the thing belongs to no site."""
    own, alone, everywhere = two.objects = getattr(two, "objects", None) or objects(two)
    if about in everywhere:
        return everywhere[about], None
    if about in alone:
        return alone[about]
    here = own[about]
    if isinstance(here, dict):
        here = here.get(site, here["S01"])
    return here, two.mirror(here)
