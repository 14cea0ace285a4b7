"""One's own password: the old one and a code, every session ends, and the trail says so."""

import json

import pytest
from ward import PASSWORD, sqlite_ward

from onearm.ledger.entry import Action

NEW = "seven grey otters paddle"


@pytest.fixture
def ward(tmp_path):
    one, _ = sqlite_ward(tmp_path)
    yield one
    one.ledger.close()


def change(ward, account="NU1", **typed):
    told = {"old": PASSWORD, "password": NEW, "again": NEW, "code": ward.code(account), "csrf": ward.csrf(account)}
    return ward.client(account).post("/password", data={**told, **typed})


def notes(ward):
    with ward.ledger.reading() as view:
        told = [json.loads(e.values_json) for e in view.entries() if e.action == Action.ACCOUNT and e.values_json]
    return [one for one in told if one.get("what") == "password_changed"]


def test_a_changed_password_ends_every_session_and_opens_the_next(ward):
    ward.csrf("NU1")
    client = ward.client("NU1")
    page = client.get("/password")
    assert page.status_code == 200 and "every device" in page.text
    answer = change(ward)
    assert answer.status_code == 303 and answer.headers["location"] == "/sign-in"
    assert client.get("/patients").status_code in (303, 401)
    assert [one["account_id"] for one in notes(ward)] == ["NU1"]
    origin = {"origin": str(client.base_url)}
    old = client.post(
        "/sign-in", data={"account": "NU1", "password": PASSWORD, "code": ward.code("NU1")}, headers=origin
    )
    assert old.status_code == 403
    new = client.post("/sign-in", data={"account": "NU1", "password": NEW, "code": ward.code("NU1")}, headers=origin)
    assert new.status_code == 303


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        ({"old": "not the password"}, 403, "Password or code is not right"),
        ({"code": "000000"}, 403, "Password or code is not right"),
        ({"again": "another one entirely"}, 422, "differ"),
        ({"password": "short", "again": "short"}, 422, "12"),
        ({"password": "NU1 NU1 NU1 NU1", "again": "NU1 NU1 NU1 NU1"}, 422, "name"),
        ({"csrf": "x"}, 403, ""),
    ],
)
def test_what_is_not_right_changes_nothing(ward, typed, status, told):
    answer = change(ward, **typed)
    assert answer.status_code == status and told in answer.text
    assert notes(ward) == []
    assert change(ward).status_code == 303


def test_a_guess_is_counted_as_at_sign_in(ward):
    ward.csrf("NU1")
    statuses = {change(ward, old=f"guess number {n}").status_code for n in range(12)}
    assert statuses == {403, 429}
