"""The screens beside the patient's, read by axe in a real browser, and as wide as a telephone."""

import pytest
from browser import BrowserWard, a_browser, served
from busy_ward import MAPPING, make_busy
from ward import sqlite_ward

SCREENS = (
    ("CO1", "/audit"),
    ("AD1", "/audit?since=yesterday"),
    ("IP1", "/audit/weights/{subject}-W1"),
    ("CO1", "/audit/release_decisions/LOT-1-R1"),
    ("MO1", "/queries"),
    ("CO1", "/locks?now=1"),
    ("CO1", "/locks/L1/export"),
    ("CO1", "/people"),
    ("AD1", "/people"),
    ("AD1", "/people/NU1/enrolment"),
    ("QP1", "/trace?q=LOT-1"),
    ("QP1", "/trace/lots/LOT-1"),
    ("QP1", "/trace/patients/{subject}"),
    ("RR1", "/images"),
    ("RR1", "/images/{image}"),
    ("NU1", "/patients/{subject}/images"),
    ("NU1", "/import/S01"),
    ("NU1", "/paper/tomorrow"),
    ("NU1", "/password"),
)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Every screen read once: the faults of axe, and how wide each is on a narrow screen."""
    plain, folder = sqlite_ward(tmp_path_factory.mktemp("screens"))
    (folder / "mappings").mkdir()
    (folder / "mappings" / "lab.toml").write_text(MAPPING, encoding="utf-8")
    names, wide = make_busy(plain), {}
    plain.clients.clear()
    plain.done("CO1", "propose-lock", sign=True, purpose="first", restricts_editing=False)
    plain.done("ST1", "sign-lock", "L1", sign=True)
    with a_browser() as browser, served(plain.app) as address:
        ward = BrowserWard(plain.running, plain.clock, plain.secrets, address=address, browser=browser)
        for account, path in SCREENS:
            page = ward.page(account)
            page.goto(address + path.format(**names))
            assert page.locator("h1").count() == 1, f"{account} {path}"
            ward.read(page, f"{account} {path}")
            page.set_viewport_size({"width": 320, "height": 640})
            wide[path] = page.evaluate("document.documentElement.scrollWidth")
            page.set_viewport_size({"width": 820, "height": 1180})
        faults = ward.faults
    plain.ledger.close()
    return faults, wide


def test_axe_finds_nothing_serious(read):
    assert read[0] == []


@pytest.mark.parametrize("path", [path for _, path in SCREENS])
def test_a_screen_fits_a_telephone(read, path):
    assert read[1][path] <= 320
