"""Hostile texts in every text field, forms from elsewhere, sessions planted before sign-in: none runs, none gets in."""

import itertools
import re

import pytest
from every_act import perform_all
from fastapi.testclient import TestClient
from hostile import HOSTILE, REFUSED, faults_of, runs_in
from two_wards import ACCOUNT, TwoWards, keys_for, routes, site_of
from ward import HOST, PASSWORD, PEOPLE, sqlite_ward

from onearm.bedside.acts.registry import ACTS
from onearm.bedside.context import COOKIE
from onearm.bedside.policy import policies
from onearm.bedside.views.registry import SCREENS
from onearm.ledger.entry import Action

TYPED = ("text", "long", "scan")
KEPT = {name: text for name, text in HOSTILE.items() if name not in REFUSED}
#: columns that are words of people; the others are codes, names of rows or numbers
WORDS = """
title qualification method name supplier batch freezing_medium risk_assessment reason document_version witness remark
premedication stop_reason interruption_reason action term narrative question answer purpose why destination cause
end_reason evidence
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    one = TwoWards(tmp_path_factory.mktemp("hostile"))
    one.csrf = {account: one.ward.csrf(account) for account in ACCOUNT.values()}
    yield one
    one.close()


def head(ward):
    with ward.ledger.reading() as view:
        return view.head()


def doer_of(act):
    """Somebody who may do it."""
    return ACCOUNT[next(role for role in ACCOUNT if role in policies()[act.action].scopes)]


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_form_gives_back_every_hostile_text_as_a_text(two, payload):
    """In all text fields of all acts, by the form and by its twin."""
    wrong, fields = [], 0
    for act in ACTS.values():
        account = doer_of(act)
        key, _ = keys_for(two, act.about, site_of(account))
        texts = {f.name: HOSTILE[payload] for f in act.fields if f.kind in TYPED}
        fields += len(texts)
        form = two.ask(account, act.path_for(key), "POST", data={**texts, "csrf": two.csrf[account]})
        token = {"x-csrf-token": two.csrf[account]}
        twin = two.ask(account, f"/api{act.path_for(key)}", "POST", json=texts, headers=token)
        for answer in (form, twin):
            if found := faults_of(answer):
                wrong.append((act.id, found))
        if payload in REFUSED and texts and form.status_code in (200, 303):
            wrong.append((act.id, "taken", form.status_code))
    assert wrong == [] and fields > 150


class Hostile:
    """A ward in which everything is done, every word of which is a hostile text."""

    def __init__(self, folder):
        self.ward, _ = sqlite_ward(folder)
        self.texts, self.taken, self.refused = itertools.cycle(KEPT.values()), [], set()
        self._do, self.ward.do = self.ward.do, self.do
        self.names = perform_all(self.ward)

    def do(self, account, act, key="", **told):
        """The act with other words; where the rules refuse one, with the words it had."""
        words = [f.name for f in ACTS[act].fields if f.name in WORDS.split() and f.name in told and f.kind in TYPED]
        hostile = {name: next(self.texts) for name in words}
        answer = self._do(account, act, key, **{**told, **hostile})
        if answer.status_code != 422 or not words:
            self.taken += [(act, name, text) for name, text in hostile.items()]
            return answer
        self.refused |= {(act, name) for name in words}
        return self._do(account, act, key, **told)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    one = Hostile(tmp_path_factory.mktemp("words"))
    yield one
    one.ward.ledger.close()


def test_what_was_stored_is_shown_to_everybody_as_it_was_typed(hostile):
    ward, names = hostile.ward, hostile.names
    assert len(hostile.taken) > 60 and {text for *_, text in hostile.taken} == set(KEPT.values()), hostile.refused
    parts = {"subject_id": names["subject"], "container_id": names["bags"][0], "lot_id": "LOT-1", "table": "weights"}
    parts |= {"key": f"{names['subject']}-W1", "image_id": "IMG7K2Q", "freeze_id": "L1", "account_id": "NU9"}
    pages, told = {}, []
    for account in PEOPLE:
        for screen in SCREENS:
            path = re.sub(r"{(\w+)(:path)?}", lambda m: parts[m[1]], screen.path)
            pages[account, path] = ward.get(account, path)
            told.append(ward.get(account, f"/api{path}".rstrip("/")).text)
    with ward.ledger.reading() as view:
        rows = {(e.table_name, e.record_key) for e in view.entries() if e.table_name not in ("signatures", "imports")}
    for table, key in rows:
        path = f"/audit/{table}/{key}"
        pages["CO1", path] = ward.get("CO1", path)
    assert {
        where: runs_in(page.text) for where, page in pages.items() if page.status_code == 200 and runs_in(page.text)
    } == {}
    assert not [where for where, page in pages.items() if page.status_code >= 500]
    shown = "".join(page.text for page in pages.values())
    assert "&lt;script&gt;alert(1)" in shown and "{{7*7}}" in shown and "root:x:0" not in shown


def test_no_form_is_taken_without_the_token_of_its_session_or_from_another_page(two):
    taken, asked, before = [], 0, head(two.ward)
    for route in routes(two.ward.app):
        if "POST" not in (getattr(route, "methods", None) or ()) or route.path in ("/sign-in", "/enrol/{token}"):
            continue
        path = re.sub(r"{[^}]*}", "x", route.path)
        for act in ACTS.values():
            if route.path in (act.path, f"/api{act.path}"):
                account = doer_of(act)
                path = route.path.replace("{key:path}", str(keys_for(two, act.about, site_of(account))[0]))
                break
        else:
            account = "CO1"
        mine, another = two.csrf[account], two.csrf["NU1" if account != "NU1" else "IN1"]
        for token, origin in ((None, HOST), (another, HOST), (mine[:-2] + "xx", HOST), (mine, "https://elsewhere")):
            headers = {"origin": origin, **({"x-csrf-token": token} if token and "/api/" in path else {})}
            body = {"json": {}} if "/api/" in path else {"data": {"csrf": token} if token else {}}
            answer = two.ask(account, path, "POST", headers=headers, **body)
            asked += 1
            if answer.status_code not in (403, 404, 409, 422):  # the form again, or no file with it
                taken.append((route.path, token, origin, answer.status_code))
    with two.ward.ledger.reading() as view:
        written = [e.table_name for e in view.entries(after=before.seq) if e.action != Action.DENIED]
    assert taken == [] and written == [] and asked > 700


def test_a_session_planted_before_sign_in_is_not_the_session_after(two):
    ward = two.ward
    planted = "A" * 43
    victim = TestClient(ward.app, base_url=HOST, follow_redirects=False, cookies={COOKIE: planted})
    told = {"account": "MO1", "password": PASSWORD, "code": ward.code("MO1")}
    answer = victim.post("/sign-in", data=told, headers={"origin": HOST})
    given = answer.cookies.get(COOKIE)
    assert answer.status_code == 303 and given and given != planted
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags and "secure" in flags and "samesite=strict" in flags
    thief = TestClient(ward.app, base_url=HOST, follow_redirects=False, cookies={COOKIE: planted})
    assert thief.get("/queries").status_code in (303, 401)
    assert TestClient(ward.app, base_url=HOST, cookies={COOKIE: given}).get("/queries").status_code == 200
