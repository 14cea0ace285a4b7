"""The shipped virtual ward: sound, with a patient at every step and somebody in every role, on a clock of its own."""

import html
import json
import re
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from onearm.bedside.app import create_app
from onearm.bedside.course_file import CourseFile, stage
from onearm.bedside.demo_people import people_to_play
from onearm.bedside.judging import signed_in
from onearm.bedside.labels.code import Kind, read_scan
from onearm.bedside.serving import SHIPPED, demonstration, facts_of, promise_of
from onearm.bedside.verifying import checks_of
from onearm.cli.study_ledger import write_study
from onearm.ledger.system_tables import ROLES
from onearm.ledger.verification import verify
from onearm.product.container_state import state_of
from onearm.product.lot_status import lot_status
from onearm.product.thaw_clock import running_clocks
from onearm.results.problems import StudyProblems
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse
from onearm.study.checks import check_inputs

WARD = Path(__file__).parents[2] / "examples" / "virtual-ward"
HOST = "https://testserver"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The ward as `onearm serve --demo` opens it."""
    running = demonstration(WARD, tmp_path_factory.mktemp("demo") / "virtual-ward")
    yield running
    running.ledger.close()


@pytest.fixture(scope="module")
def app(demo):
    one = create_app(demo)
    one.state.browsers = {}  # of whoever signed in: a code works once
    return one


@pytest.fixture
def view(demo):
    with demo.ledger.reading() as view:
        yield view


def bags_by_state(view):
    """State -> bags."""
    records = view.near(lots=[lot["lot_id"] for lot in view.rows("lots")])
    found = {}
    for row in view.rows("containers"):
        found.setdefault(state_of(records, row["container_id"]).state, []).append(row["container_id"])
    return found


def signed_in_as(app, who):
    """A browser of one of the people to play, with the code that is printed."""
    if who["account"] in app.state.browsers:
        return app.state.browsers[who["account"]]
    client = app.state.browsers[who["account"]] = TestClient(app, base_url=HOST, follow_redirects=False)
    client.headers["origin"] = HOST
    answer = client.post("/sign-in", data={name: who[name] for name in ("account", "password", "code")})
    assert answer.status_code == 303, answer.text
    return client


def test_the_shipped_ledger_is_sound_and_of_the_shipped_study(demo, view):
    found = verify(view, checks=checks_of(demo.promise.folder))
    assert found.faults == () and found.entries > 2000
    (first,) = view.history("studies", "VIRTUAL-WARD")[:1]
    told, facts = json.loads(first.values_json), facts_of(promise_of(WARD))
    for name in ("protocol_sha256", "rulebook_sha256", "protocol_version", "virtual"):
        assert told[name] == getattr(facts, name), "play it again: python examples/virtual-ward/fill.py"
    assert (WARD / SHIPPED).stat().st_size < 3_000_000


def test_everybody_is_virtual(view):
    assert view.virtual and [s["kind"] for s in view.rows("sources")] == ["virtual"]
    assert all(re.fullmatch(r"V0[1-6]-\d{3}", s["subject_id"]) for s in view.rows("subjects"))
    assert all("Virtual" in a["title"] or "virtual" in a["title"] for a in view.rows("accounts"))


def test_somebody_waits_at_every_step(demo, view):
    assert {*bags_by_state(view)} == {
        "stock", "allocated", "in_transit", "received", "held", "thawing", "thawed", "issued", "infusing", "infused",
        "recalled", "destroyed",
    }  # fmt: skip
    lots, signed = view.near(lots=[lot["lot_id"] for lot in view.rows("lots")]), signed_in(view)
    status = {lot["lot_id"]: lot_status(lots, lot["lot_id"], signed=signed) for lot in view.rows("lots")}
    assert [*status.values()] == ["released", "released", "quarantine", "recalled", "out_of_spec_pending"]
    decided = {d["subject_id"] for d in view.rows("treatment_decisions")}
    subjects = view.rows("subjects")
    assert len(subjects) > 40 and len([s for s in subjects if s["subject_id"] not in decided]) == 4
    assert {d["decision"] for d in view.rows("treatment_decisions")} == {"treat", "do_not_treat", "defer"}
    orders = Counter(o["status"] for o in view.rows("dose_orders"))
    assert set(orders) == {"ordered", "verified", "cancelled", "completed"}
    assert {o["kind"] for o in view.rows("outcomes")} >= {"extubated", "died", "left_hospital_alive", "seen_alive"}
    assert {q["state"] for q in view.rows("queries")} == {"open", "answered", "closed"}
    assert [f["state"] for f in view.rows("freezes")] == ["proposed"]


def test_the_clock_goes_on_from_the_last_entry(demo, view):
    now = demo.now()
    assert timedelta(0) < now - datetime(2020, 4, 30, 8, 59, tzinfo=UTC) < timedelta(minutes=5)
    records = view.near(lots=[lot["lot_id"] for lot in view.rows("lots")])
    left = {clock.state: clock.minutes_left for clock in running_clocks(records, demo.promise.rulebook, now)}
    assert 110 < left["thawed"] <= 121 and left["issued"] > 60 and left["infusing"] > 60


#: role -> what waits for somebody who has it
WAITS = {
    "IN": {"clock", "judge", "assess", "day_28", "decide", "held", "answer_query"},
    "NU": {"clock", "assess", "day_28"},
    "PH": {"clock", "verify_order", "allocate", "receive", "held"},
    "PT": {"clock", "held"},
    "QC": {"verify_test", "answer_query"},
    "QP": {"held", "decide_lot", "verify_test"},
    "SP": {"review_event"},
    "MO": {"day_28", "close_query"},
    "CO": {"day_28", "decide", "close_query"},
}


def test_each_of_the_thirteen_roles_signs_in_with_the_printed_code_and_sees_what_waits(demo, app):
    people = people_to_play(demo)
    assert {p["role"] for p in people} == set(ROLES) and len(ROLES) == 13
    first = {p["role"]: p for p in reversed(people)}.values()
    others = [p for p in people if p["account"] in ("V02-DOC", "V06-DOC", "V02-PHARM", "V04-PHARM")]
    seen = {}
    for who in (*first, *others):
        client = signed_in_as(app, who)
        home = client.get("/")
        assert home.status_code == 200 and 'class="virtual"' in home.text
        now = datetime.fromisoformat(re.search(r'<body data-now="([^"]+)"', home.text)[1])
        assert abs(demo.now() - now) < timedelta(minutes=1)
        kinds = {one["kind"] for one in client.get("/api").json()["waiting"]}
        seen.setdefault(who["role"], set()).update(kinds)
    assert set(seen) == set(ROLES)
    for role, kinds in WAITS.items():
        assert kinds <= seen[role], role


def test_the_sign_in_page_plays_only_whom_it_can(demo, app, view):
    page = TestClient(app, base_url=HOST).get("/sign-in").text
    assert "V01-NURSE1" in page and "V02-NURSE3" not in page  # who left


def links_of(page):
    """Where a page leads, but for out of the session."""
    found = (html.unescape(link) for link in re.findall(r'<a [^>]*href="(/[^"]*)"', page))
    return [link for link in found if link != "/sign-out"]


@pytest.mark.parametrize("role", ROLES)
def test_no_page_leads_where_its_reader_may_not_go(demo, app, role):
    """Three links of each kind are followed from each page; nothing answers `not yours` or `not there`."""
    client = signed_in_as(app, next(p for p in people_to_play(demo) if p["role"] == role))
    waiting, wrong, seen, kinds = [("", "/")], [], set(), Counter()
    while waiting:
        source, link = waiting.pop(0)
        kind = re.sub(r"[^/?=]*[0-9][^/?&]*", "*", link)
        if link in seen or kinds[kind] == 3:
            continue
        seen.add(link)
        kinds[kind] += 1
        answer = client.get(link)
        if answer.status_code != 200:
            wrong.append((source, link, answer.status_code))
        elif answer.headers["content-type"].startswith("text/html"):
            waiting += [(link, next_) for next_ in links_of(answer.text)]
    assert wrong == [] and len(seen) > 3


def test_readers_have_pictures_and_they_are_there(demo, app, view):
    reader = next(p for p in people_to_play(demo) if p["account"] == "READER3")
    client = signed_in_as(app, reader)
    waiting = client.get("/api/images").json()["waiting"]
    assert {one["is_adjudication"] for one in waiting} == {True, False}
    for one in waiting:
        assert client.get(f"/images/{one['image_id']}/picture").status_code == 200


def test_it_exports_checks_and_analyses_without_a_level(demo, tmp_path):
    records, _ = write_study(demo.ledger, demo.promise.folder, tmp_path / "files")
    inputs = read_study(tmp_path / "files")
    check_inputs(inputs)
    assert records["infusions"].height == inputs.records["infusions"].height == 17
    assert analyse(inputs).verdict.level == ""


def test_the_file_to_try_shows_what_an_import_refuses(demo, view):
    raw = WARD / "raw" / "labs_V01.csv"
    staged = stage(demo.promise, view, CourseFile(raw, raw.name, "0" * 64, WARD / "mappings" / "labs.toml"), "V01")
    assert staged.rows_in == staged.rows_new + staged.rows_refused and staged.left_out == 1
    assert {refusal.column for refusal in staged.refusals} == {"RESULTADO", "subject_id"}
    assert "<" in set(staged.fresh["measurements"]["comparator"])


def test_the_readme_names_what_is_there(view):
    text = (WARD / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    states = {bag: state for state, bags in bags_by_state(view).items() for bag in bags}
    named = {line: re.findall(r"`(C[0-9A-Z]{10})`", line) for line in text.splitlines()}
    for word, state in (("issued", "issued"), ("thawed", "thawed"), ("pack", "allocated"), ("warm", "held")):
        (bag,) = next(bags for line, bags in named.items() if word in line and bags)
        assert states[bag] == state
    for band in re.findall(r"`(V0\d-\d{3}-.)`", text):
        assert view.row("subjects", read_scan(band, "VIRTUAL-WARD", Kind.WRISTBAND).id)
    for subject in re.findall(r"\b(V0\d-\d{3})\b", text):
        assert view.row("subjects", subject), subject
    accounts = {row["account_id"] for row in view.rows("accounts", status="active")}
    assert set(re.findall(r"\b(V(?:0\d|PU)-[A-Z]+\d?)\b", text)) <= accounts


def test_the_shipped_folder_stays_as_it_is(demo):
    assert not list(WARD.glob("ledger.sqlite*")) and not (WARD / "onearm.key").exists()


def test_a_damaged_shipment_is_told(tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(WARD, broken, ignore=shutil.ignore_patterns(SHIPPED))
    (broken / SHIPPED).write_text("no entry\n", encoding="utf-8")
    with pytest.raises(StudyProblems, match="line 1 is no entry"):
        demonstration(broken, tmp_path / "copy")


def test_a_real_study_is_not_played(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    study = (WARD / "study.toml").read_text(encoding="utf-8")
    (real / "study.toml").write_text(study.replace("virtual = true", "virtual = false"), encoding="utf-8")
    with pytest.raises(StudyProblems, match="is a real study"):
        demonstration(real, tmp_path / "copy")
