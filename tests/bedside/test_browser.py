"""A whole patient in a real browser, by keyboard, on both databases and in both languages."""

import pytest
from browser import BrowserWard, a_browser, served
from journey import whole_course
from test_to_the_page import onearm
from ward import ward_at

from onearm.ledger.verification import verify


def in_language(ward, language):
    """Everybody's screens in this language."""
    from onearm.ledger.entry import Action
    from onearm.ledger.opening import SETUP

    with ward.ledger.writing(SETUP) as act:
        for account in act.view.rows("accounts"):
            row = {k: v for k, v in account.items() if k not in ("version", "entered_at")}
            changed = {**row, "language": language}
            act.correct("accounts", changed, read_version=account["version"], reason="test", action=Action.ACCOUNT)


@pytest.fixture
def browser_ward(database_url, clock, tmp_path):
    """The ward in a browser: English on SQLite, Spanish on PostgreSQL."""
    plain = ward_at(database_url, clock, tmp_path / "study")
    in_language(plain, "es" if "postgresql" in database_url else "en")
    with a_browser() as browser, served(plain.app) as address:
        yield BrowserWard(plain.running, clock, plain.secrets, address=address, browser=browser)
    plain.ledger.close()


def test_a_patient_goes_from_lot_to_the_verdict_page_by_keyboard(browser_ward, database_url, tmp_path):
    subject, bag, _ = whole_course(browser_ward)
    browser_ward.done("CO1", "propose-lock", sign=True, purpose="first analysis", restricts_editing=True)
    browser_ward.done("ST1", "sign-lock", "L1", sign=True)
    for account, path in (
        ("NU1", "/"), ("PH1", "/"), ("NU1", "/patients"), ("NU1", f"/patients/{subject}"), ("QP1", "/lots/LOT-1"),
        ("PH1", f"/bags/{bag}"), ("QP1", "/lots"),
    ):  # fmt: skip
        page = browser_ward.page(account)
        page.goto(browser_ward.address + path)
        browser_ward.read(page, f"screen {path}")
        page.set_viewport_size({"width": 320, "height": 640})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, f"{path} is {wide} px wide on a narrow screen"
        page.set_viewport_size({"width": 820, "height": 1180})
    assert browser_ward.faults == []
    with browser_ward.ledger.reading() as view:
        assert verify(view).faults == ()
    words = ("analyse", tmp_path / "study", "--db", database_url, "--out", tmp_path / "page", "--no-pdf")
    analysed = onearm(*words)
    assert analysed.returncode == 0, analysed.stderr
    assert (tmp_path / "page" / "verdict.html").exists()
