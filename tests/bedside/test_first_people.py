"""From people.toml to signing in: what a new study does first, with the mistakes people make."""

import re

import pyotp
import pytest
from fastapi.testclient import TestClient
from moving_clock import Clock
from ward import CHEAP, HOST, STUDY

from onearm.bedside.app import create_app
from onearm.bedside.context import Running
from onearm.bedside.first_people import enrol_first_people, invite_again
from onearm.bedside.identity.keys import StoredKeys
from onearm.bedside.serving import running_on
from onearm.ledger.ledger import Ledger
from onearm.results.problems import StudyProblems

PEOPLE = """schema = "onearm.people/1"
signed_by = "SPONSOR"
[[site]]
site_id = "CENTRE"
title = "Coordinating centre"
kind = "coordination"
country = "ES"
timezone = "Europe/Madrid"
[[person]]
account_id = "A1"
title = "Ana Administradora"
site_id = "CENTRE"
language = "es"
[[person.role]]
role = "AD"
site_id = "CENTRE"
valid_from = 2020-01-01
qualification = "informatics"
"""
PASSWORD = "tres bombonas de oxigeno azules"


@pytest.fixture
def study(tmp_path):
    """A study folder with its people file."""
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "people.toml").write_text(PEOPLE, encoding="utf-8")
    return tmp_path


def opened(folder):
    """The app over the folder, with a clock of its own and cheap passwords."""
    running = running_on(folder, None)
    ledger = Ledger(running.ledger.engine, False, Clock())
    return Running(running.promise, ledger, StoredKeys(running.keys.key, CHEAP))


def browser(running):
    """A browser that is not signed in."""
    client = TestClient(create_app(running), base_url=HOST, follow_redirects=False)
    client.headers["origin"] = HOST
    return client


def enrol(client, running, token, password=PASSWORD, code=None):
    """Read the form, set up the app, send it."""
    page = client.get(f"/enrol/{token}")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text).group(1)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.text).group(1)
    code = code or pyotp.TOTP(secret).at(running.ledger.clock())
    told = {"password": password, "again": password, "code": code, "sealed": sealed}
    return client.post(f"/enrol/{token}", data=told), secret


def test_the_first_person_enrols_and_signs_in_once_by_the_link(study):
    running = opened(study)
    ((account, title, token),) = enrol_first_people(running.ledger, study / "people.toml", "2")
    assert (account, title) == ("A1", "Ana Administradora")
    client = browser(running)
    for wrong, told in (
        ({"password": "corto"}, "12"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "repeats"),
        ({"code": "000000"}, "clock"),
    ):
        refused, _ = enrol(client, running, token, **wrong)
        assert refused.status_code == 422 and told in refused.text
    done, secret = enrol(client, running, token)
    assert done.status_code == 303 and done.headers["location"] == "/sign-in"
    assert client.get(f"/enrol/{token}").status_code == 404  # used up
    running.ledger.clock.now = running.ledger.clock.now.replace(minute=30)
    code = pyotp.TOTP(secret).at(running.ledger.clock())
    signed_in = client.post("/sign-in", data={"account": "a1", "password": PASSWORD, "code": code})
    assert signed_in.status_code == 303
    cookie = signed_in.headers["set-cookie"]
    assert cookie.startswith("__Host-") and all(
        w in cookie for w in ("Secure", "HttpOnly", "SameSite=strict", "Path=/")
    )
    assert "Qué me espera" in client.get("/").text
    again = browser(running).post("/sign-in", data={"account": "A1", "password": PASSWORD, "code": code})
    assert again.status_code == 403  # the code works once


def test_people_are_named_once_and_invited_again_by_name(study):
    running = opened(study)
    enrol_first_people(running.ledger, study / "people.toml", "2")
    with pytest.raises(StudyProblems, match="has people already"):
        enrol_first_people(running.ledger, study / "people.toml", "2")
    with pytest.raises(StudyProblems, match="is no active account"):
        invite_again(running.ledger, ["A9"])
    ((account, _, token),) = invite_again(running.ledger, ["all"])
    assert account == "A1" and browser(running).get(f"/enrol/{token}").status_code == 200


def test_a_role_at_a_site_that_is_not_named_enrols_nobody(study):
    text = PEOPLE.replace('site_id = "CENTRE"\nvalid_from', 'site_id = "S09"\nvalid_from')
    (study / "people.toml").write_text(text, encoding="utf-8")
    running = opened(study)
    with pytest.raises(StudyProblems, match="A1 works at S09, which is no"):
        enrol_first_people(running.ledger, study / "people.toml", "2")
    with running.ledger.reading() as view:
        assert view.rows("accounts") == []


def test_a_ledger_serves_its_own_study_only(study):
    running_on(study, None).ledger.close()
    (study / "study.toml").write_text(STUDY.replace('id = "ward"', 'id = "other"'), encoding="utf-8")
    with pytest.raises(StudyProblems, match="belongs to WARD"):
        running_on(study, None)


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(study):
    running = opened(study)
    ((_, _, token),) = enrol_first_people(running.ledger, study / "people.toml", "2")
    client = browser(running)
    _, secret = enrol(client, running, token)
    running.ledger.clock.now = running.ledger.clock.now.replace(minute=10)
    code = pyotp.TOTP(secret).at(running.ledger.clock())
    client.post("/sign-in", data={"account": "A1", "password": PASSWORD, "code": code})
    for minute in (14, 18, 22):
        running.ledger.clock.now = running.ledger.clock.now.replace(minute=minute)
        assert client.get("/", headers={"hx-request": "true"}).status_code == 200
    running.ledger.clock.now = running.ledger.clock.now.replace(minute=26)
    assert client.get("/").headers["location"] == "/sign-in"


def test_the_ledger_is_for_its_owner_alone(study):
    running = running_on(study, None)
    with running.ledger.reading() as view:
        view.head()
    running.ledger.close()
    (study / "ledger.sqlite").chmod(0o644)
    running_on(study, None).ledger.close()
    assert {path.stat().st_mode & 0o777 for path in study.glob("ledger.sqlite*")} == {0o600}
