"""The ward in a real browser: Debian's Chromium, driven by keyboard, every page read by axe."""

import contextlib
import json
import os
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import axe_playwright_python
import pytest
import uvicorn
from playwright.sync_api import sync_playwright
from ward import PASSWORD, Ward

from onearm.bedside.acts.registry import ACTS

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
MADRID = ZoneInfo("Europe/Madrid")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def chromium():
    """Where the browser is; skips, in CI fails, where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    return found


@contextlib.contextmanager
def served(app):
    """The app on a free port of localhost; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def a_browser():
    """Chromium with a profile of its own."""
    with tempfile.TemporaryDirectory() as _, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class BrowserWard(Ward):
    """A ward whose people use the browser: `done` fills the form, reads the review and signs, by keyboard."""

    address: str = ""
    browser: object = None
    pages: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)  # of axe
    seen: set = field(default_factory=set)  # kinds of page axe has read

    def page(self, account):
        """The signed-in tab of a person."""
        if account not in self.pages:
            page = self.browser.new_context(viewport={"width": 820, "height": 1180}).new_page()
            page.goto(f"{self.address}/sign-in")
            self.read(page, "sign-in")
            self.type(page, "account", account)
            self.type(page, "password", PASSWORD)
            self.type(page, "code", self.code(account))
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            self.pages[account] = page
        return self.pages[account]

    def done(self, account, act, key="", *, sign=False, second=None, confirm=False, **typed):
        """Fill, review, sign, submit; gives what was written."""
        with self.ledger.reading() as view:
            before = view.head().seq
        path = f"/do/{act}/{key}" if key else f"/do/{act}"
        page = self.page(account)
        page.goto(self.address + path)
        if "/sign-in" in page.url:  # the session ended while the clock went on
            del self.pages[account]
            page = self.page(account)
            page.goto(self.address + path)
        self.read(page, f"form {act}")
        for f in ACTS[act].fields:
            if f.name in typed:
                self.answer(page, f, typed[f.name])
        self.press(page, "button.main")
        if sign or second:
            assert page.locator("#f-code").count(), f"{act}: {self.told(page)}"
            self.read(page, f"review {act}")
            self.type(page, "password", PASSWORD)
            self.type(page, "code", self.code(second or account))
            self.press(page, "button.main")
        with self.ledger.reading() as view:
            entries = list(view.entries(after=before))
        assert [e for e in entries if e.action != "denied"], f"{act}: {page.url} {self.told(page)}"
        self.read(page, f"after {act}")
        return {"entries": [{"table": e.table_name, "key": e.record_key} for e in entries]}

    def told(self, page):
        """What the page says is wrong."""
        return " / ".join(page.locator("[role=alert], .findings").all_inner_texts())

    def tab_to(self, page, name):
        """Press Tab until the field has the focus: everything can be reached by keyboard."""
        page.evaluate("document.querySelector('main').focus()")
        for _ in range(250):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name || ''") == name:
                return
        raise AssertionError(f"{page.url}: {name} is not reached by Tab")

    def type(self, page, name, text):
        """Into a text field."""
        self.tab_to(page, name)
        page.keyboard.press("Control+A")
        page.keyboard.type(text)

    def answer(self, page, f, value):
        """One answer, in the way its kind of field takes it."""
        found = page.locator(f"[name={f.name}]")
        kind = found.first.get_attribute("type") or found.first.evaluate("e => e.localName")
        match kind:
            case "radio" | "checkbox":
                self.choose(page, f.name, found, value, kind)
            case "select":
                self.tab_to(page, f.name)
                found.select_option(str(value))
            case "datetime-local":
                self.tab_to(page, f.name)
                found.fill(datetime.fromisoformat(value).astimezone(MADRID).strftime("%Y-%m-%dT%H:%M"))
            case "date":
                found.fill(value)
            case _:
                self.type(page, f.name, str(value))

    def choose(self, page, name, found, value, kind):
        """A radio button by arrow keys, check boxes by the space bar."""
        wanted = {str(v).lower() if isinstance(v, bool) else v for v in (value if isinstance(value, list) else [value])}
        self.tab_to(page, name)
        if kind == "radio":
            page.keyboard.press("Space")
            for _ in range(found.count()):
                if page.evaluate("document.activeElement.value") in wanted:
                    break
                page.keyboard.press("ArrowDown")
            assert page.evaluate("document.activeElement.checked && document.activeElement.value") in wanted
            return
        for _ in range(found.count()):
            checked, one = page.evaluate("[document.activeElement.checked, document.activeElement.value]")
            if checked != (one in wanted):
                page.keyboard.press("Space")
            page.keyboard.press("Tab")

    def press(self, page, selector):
        """The main button, by Enter, and wait for the answer."""
        page.locator(selector).focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")

    def read(self, page, kind):
        """Each kind of page once by axe: nothing serious may be found."""
        if kind in self.seen:
            return
        self.seen.add(kind)
        page.evaluate(AXE)
        found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")
        for v in found["violations"]:
            if v["impact"] in ("serious", "critical"):
                nodes = "; ".join(n["html"][:120] for n in v["nodes"][:2])
                self.faults.append(f"{kind}: {v['id']} ({v['impact']}): {v['help']}: {nodes}")
