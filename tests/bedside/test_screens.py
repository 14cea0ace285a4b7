"""What each screen shows to whom, on both databases: a ward on which everything happened once."""

import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa
from busy_ward import fresh_client, make_busy, new_database, picture, send_picture
from moving_clock import Clock
from PIL import Image
from ward import PEOPLE, ward_at

from onearm.bedside.views.registry import SCREENS
from onearm.ledger.tables import ENTRIES
from onearm.ledger.verification import verify


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def busy(request, tmp_path_factory):
    """The ward and the names in it."""
    place = tmp_path_factory.mktemp("busy")
    ward = ward_at(new_database(request, place), Clock(), place / "study")
    names = make_busy(ward)
    yield ward, names
    ward.ledger.close()


def paths(names):
    """A path for every screen, with parts that are there."""
    known = {**names, "subject_id": names["subject"], "container_id": names["bag"], "lot_id": "LOT-1"}
    known |= {"image_id": names["image"], "table": "weights", "key": f"{names['subject']}-W1"}
    return {s.path: re.sub(r"{(\w+)(:path)?}", lambda m: known[m[1]], s.path) for s in SCREENS}


def entries(ward, **equal):
    """Entries with these cells."""
    with ward.ledger.reading() as view:
        wanted = [ENTRIES.c[name] == value for name, value in equal.items()]
        rows = view.connection.execute(sa.select(ENTRIES).where(*wanted).order_by(ENTRIES.c.seq)).mappings()
        return [dict(row) for row in rows]


@pytest.mark.parametrize("account", [*PEOPLE])
def test_every_screen_answers_everybody_as_a_page_and_as_data(busy, account):
    ward, names = busy
    client = fresh_client(ward, account)
    for screen in SCREENS:
        path = paths(names)[screen.path]
        page, twin = client.get(path), client.get(f"/api{path}".rstrip("/"))
        assert page.status_code == twin.status_code and page.status_code in (200, 403, 404), f"{account} {path}"
        if page.status_code == 200:
            assert "<script" not in page.text.split("<main")[1] and " style=" not in page.text


def test_the_trail_is_newest_first_and_says_what_changed_and_why(busy):
    ward, names = busy
    told = fresh_client(ward, "CO1").get(f"/api/audit?table=weights&key={names['subject']}-W1").json()
    newest, first = told["lines"]
    assert (newest["version"], newest["reason"], newest["actor"]) == (2, "read wrongly", "IN1")
    assert {"column": "weight_kg", "old": "80", "new": "81"} in newest["changes"]
    assert all(change["old"] is None for change in first["changes"])
    seqs = [line["seq"] for line in fresh_client(ward, "CO1").get("/api/audit").json()["lines"]]
    assert seqs == sorted(seqs, reverse=True)


def test_the_trail_pages_without_gap_or_repeat(busy):
    ward, _ = busy
    client, before, seen = fresh_client(ward, "CO1"), "", []
    while True:
        told = client.get(f"/api/audit{before}").json()
        seen += [line["seq"] for line in told["lines"]]
        if told["older"] is None:
            break
        before = f"?before={told['older']}"
    assert seen == list(range(seen[0], 0, -1))


def test_filters_of_the_trail_hold_and_an_unread_date_shows_nothing(busy):
    ward, names = busy
    client = fresh_client(ward, "CO1")
    for line in client.get(f"/api/audit?subject={names['other']}").json()["lines"]:
        assert names["other"] in json.dumps(line), line
    signed = client.get("/api/audit?action=sign&actor=QP1").json()["lines"]
    assert signed and {(line["action"], line["actor"]) for line in signed} == {("sign", "QP1")}
    assert client.get("/api/audit?since=2020-04-02&until=2020-04-02").json()["lines"] == []
    unread = client.get("/api/audit?since=yesterday").json()
    assert unread["unread"] == ["since"] and unread["lines"] == []


def test_a_site_sees_its_own_rows_and_the_administrator_no_value(busy):
    ward, names = busy
    for account, other in (("IN1", names["other"]), ("IN2", names["subject"])):
        client, older = fresh_client(ward, account), ""
        for _ in range(20):
            page = client.get(f"/api/audit{older}")
            lines = [line for line in page.json()["lines"] if line["action"] != "denied"]  # what somebody typed
            assert other not in json.dumps(lines), account
            if page.json()["older"] is None:
                break
            older = f"?before={page.json()['older']}"
        else:
            pytest.fail("more pages than there are entries")
    key = f"{names['subject']}-W1"
    assert fresh_client(ward, "IN2").get(f"/api/audit/weights/{key}").status_code == 404
    client = fresh_client(ward, "AD1")
    told = client.get(f"/api/audit?table=weights&key={key}").json()["lines"][0]
    assert {"column": "weight_kg", "old": None, "new": None} in told["changes"] and told["reason"] == ""
    assert client.get(f"/api/audit/weights/{key}").json()["fields"] == []


def test_versions_stand_side_by_side_with_what_signatures_are_worth(busy):
    ward, names = busy
    client = fresh_client(ward, "CO1")
    order = f"{names['subject']}-O1"
    told = client.get(f"/api/audit/dose_orders/{order}").json()
    assert [v["version"] for v in told["versions"]] == list(range(1, len(told["versions"]) + 1))
    status = next(f for f in told["fields"] if f["column"] == "status")
    assert status["values"][:2] == ["ordered", "verified"] and status["changed"][:2] == [False, True]
    assert {s["state"] for s in told["signatures"]} == {"superseded"}
    assert {s["state"] for s in client.get("/api/audit/release_decisions/LOT-1-R1").json()["signatures"]} == {"valid"}
    assert client.get("/api/audit/no_table/x").status_code == 404


def test_a_broken_signature_is_told_in_red(busy):
    ward, _ = busy
    changed = sa.text("UPDATE signatures SET statement = :words WHERE record_key = 'LOT-1-R1'")
    with ward.ledger.reading() as view:
        (was,) = {s["statement"] for s in view.rows("signatures", record_key="LOT-1-R1")}
    with ward.ledger.engine.begin() as connection:
        connection.execute(changed, {"words": "I never said this"})
    try:
        client = fresh_client(ward, "CO1")
        told = client.get("/api/audit/release_decisions/LOT-1-R1").json()["signatures"]
        assert [s["state"] for s in told] == ["broken"]
        assert 'class="state bad" role="alert"' in client.get("/audit/release_decisions/LOT-1-R1").text
    finally:
        with ward.ledger.engine.begin() as connection:
            connection.execute(changed, {"words": was})


def test_queries_are_seen_by_their_site_and_by_the_centre(busy):
    ward, names = busy
    seen = {a: fresh_client(ward, a).get("/api/queries").json() for a in ("MO1", "IN1", "IN2", "PH2", "QC1")}
    subjects = {a: {q["subject_id"] for q in told["lines"]} for a, told in seen.items()}
    assert subjects == {
        "MO1": {names["subject"], names["other"]},
        "IN1": {names["subject"]},
        "IN2": {names["other"]},
        "PH2": set(),  # that patient has no order
        "QC1": set(),
    }
    assert seen["MO1"]["counts"] == {"open": 2, "answered": 0, "closed": 0}
    (line,) = fresh_client(ward, "IN1").get("/api/queries?state=open").json()["lines"]
    assert [o["act"] for o in line["offers"]] == ["answer-query"]


def test_a_trace_names_own_patients_and_counts_the_others(busy):
    ward, names = busy
    told = fresh_client(ward, "QP1").get("/api/trace/lots/LOT-1").json()
    assert [o["act"] for o in told["offers"]] == ["recall-lot"]
    report = told["report"]
    assert [r["subject_id"] for r in report["recipients"]] == [names["subject"]]
    assert report["doctors"] == ["IN1"] and report["recipients"][0]["day_28"] == "alive"
    assert len(report["bags"]) == 3 and len(report["to_hold"]) == 2
    other = fresh_client(ward, "IN2").get("/api/trace/lots/LOT-1")
    assert names["subject"] not in other.text
    hidden = other.json()["report"]
    assert hidden["recipients"] == [] and hidden["recipients_elsewhere"] == 1 and hidden["doctors"] == []
    assert [b["elsewhere"] for b in hidden["bags"]].count(True) == 1
    patient = fresh_client(ward, "CO1").get(f"/api/trace/patients/{names['subject']}").json()
    assert patient["bag_ids"] == [names["bag"]] and patient["lots"][0]["donor_id"] == "DONOR-7"
    assert fresh_client(ward, "IN2").get(f"/api/trace/patients/{names['subject']}").status_code == 404


def test_a_search_finds_a_bag_by_name_and_by_its_code(busy):
    ward, names = busy
    client = fresh_client(ward, "CO1")
    wanted = ["/trace/lots/LOT-1", f"/trace/patients/{names['subject']}"]
    for text in (names["bag"], names["bag"].lower(), f"OA1/WARD/C/{names['bag']}"):
        assert [f["path"] for f in client.get("/api/trace", params={"q": text}).json()["found"]] == wanted
    other = fresh_client(ward, "IN2").get("/api/trace", params={"q": names["subject"]}).json()
    assert other["found"] == []


PRINTS = (
    ("CO1", "/trace/lots/LOT-1.pdf"),
    ("IN1", "/trace/patients/{subject}.pdf"),
    ("PT1", "/labels/lots/LOT-1"),
    ("IN1", "/labels/patients/{subject}"),
    ("PH1", "/labels/orders/{subject}-O1"),
    ("NU1", "/paper/measure/{subject}"),
    ("NU1B", "/paper/keep-visit"),
    ("PH1", "/paper/start-thaw/{bag}"),
)


@pytest.mark.parametrize(("account", "path"), PRINTS)
def test_what_is_printed_carries_the_head_and_is_noted(busy, account, path):
    import pypdfium2

    ward, names = busy
    answer = fresh_client(ward, account).get(path.format(**names))
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    with ward.ledger.reading() as view:
        anchor = max(view.rows("anchors"), key=lambda a: a["head_seq"])
    text = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(answer.content))
    assert str(anchor["head_seq"]) in text and anchor["head_hash"] in re.sub(r"\s", "", text)
    assert account in anchor["went_to"]
    if "/paper/" in path:
        assert re.search(r"form F-[2-9A-Z]{8} of", anchor["went_to"])


def test_a_form_on_paper_cannot_be_scanned_in_place_of_a_wristband(busy):
    import pypdfium2

    from onearm.bedside.labels.symbol import decode

    ward, names = busy
    pdf = fresh_client(ward, "IN1").get(f"/paper/match-bag/{names['bag']}").content
    out = io.BytesIO()
    pypdfium2.PdfDocument(pdf)[0].render(scale=300 / 72).to_pil().save(out, "PNG")
    assert decode(out.getvalue()) == []


@pytest.mark.parametrize(
    ("account", "path", "status"),
    [
        ("NU2", "/labels/patients/{subject}", 404),
        ("NU2", "/paper/measure/{subject}", 404),
        ("PT1", "/labels/patients/{subject}", 404),
        ("CO1", "/labels/lots/LOT-1", 403),
        ("NU1", "/labels/lots/LOT-1", 404),  # no bag of it is here to be used
        ("RR1", "/patients/{subject}/images", 403),
        ("IN1", "/images/{image}/picture", 403),
        ("NU2", "/import/S01", 403),
        ("MO1", "/people/NU1/enrolment", 403),
    ],
)
def test_what_is_not_for_somebody_is_refused(busy, account, path, status):
    ward, names = busy
    assert fresh_client(ward, account).get(path.format(**names)).status_code == status


def test_forms_of_tomorrow_are_those_of_planned_visits(busy):
    ward, names = busy
    client = fresh_client(ward, "NU2")
    now = ward.clock.now
    assert "application/pdf" not in client.get("/paper/tomorrow").headers["content-type"]
    try:
        began = ward.client("NU2").get(f"/api/patients/{names['other']}").json()["subject"]["ventilated_at"]
        ward.clock.now = now.fromisoformat(began) + timedelta(days=59, hours=2)
        answer = fresh_client(ward, "NU2").get("/paper/tomorrow")
        assert answer.headers["content-type"] == "application/pdf"
    finally:
        ward.clock.now = max(now, ward.clock.now)


def test_an_image_loses_all_but_its_pixels_and_its_reader_learns_nothing_else(busy):
    ward, names = busy
    client = fresh_client(ward, "RR1")
    kept = Image.open(io.BytesIO(client.get(f"/images/{names['image']}/picture").content))
    assert kept.info == {} and kept.tobytes() == Image.open(io.BytesIO(picture())).tobytes()
    for path in ("/images", f"/images/{names['image']}", "/api/images", f"/api/images/{names['image']}"):
        text = client.get(path).text
        assert not [w for w in (names["subject"], "S01", "2020", "treated") if w in text], path


def test_a_third_reader_decides_where_two_differ(busy):
    ward, names = busy
    subject = names["subject"]
    for data in (picture(form="JPEG"), picture((50, 50))):
        assert send_picture(ward, "NU1", subject, data=data).status_code == 303
    images = [i["image_id"] for i in fresh_client(ward, "RR1").get("/api/images").json()["waiting"]]
    same, different = images[:2]
    for reader, scores in (("RR1", ("10", "10")), ("RR2", ("10", "20"))):
        fresh_client(ward, reader)
        for image, score in zip((same, different), scores, strict=True):
            ward.done(reader, "read-image", image, system="rale", score=int(score), change="same")
    waiting = {i["image_id"]: i for i in fresh_client(ward, "RR3").get("/api/images").json()["waiting"]}
    assert same not in waiting and waiting[different]["is_adjudication"]
    assert {r["score"] for r in waiting[different]["readings"]} == {10, 20}
    assert different not in fresh_client(ward, "RR1").get("/images").text


def test_what_is_no_picture_or_was_not_looked_at_is_refused(busy):
    ward, names = busy
    for changes in ({"data": b"GIF89a"}, {"data": b""}, {"looked": ""}, {"taken_at": ""}):
        fresh_client(ward, "NU1")
        assert send_picture(ward, "NU1", names["subject"], **changes).status_code == 422, changes
    assert send_picture(ward, "NU1", names["subject"], csrf="x").status_code == 403
    fresh_client(ward, "NU1")
    assert send_picture(ward, "NU1", names["other"]).status_code == 404


def test_a_link_is_shown_once_and_for_an_account_in_use_another_person_agrees(busy):
    ward, _ = busy
    client = fresh_client(ward, "AD1")
    ward.done("AD1", "open-account", account_id="A9", person_id="A9", title="Somebody", language="en", site_id="S01")
    page = client.post("/people/A9/enrolment", data={"csrf": ward.csrf("AD1")})
    link = re.search(r"https://testserver(/enrol/[\w-]+)", page.text).group(1)
    assert client.get(link).status_code == 200
    assert "/enrol/" not in client.get("/people/A9/enrolment").text
    assert entries(ward, action="account", actor="AD1")[-1]["reason"] == "link to enrol made"
    refused = client.post("/people/NU2/enrolment", data={"csrf": ward.csrf("AD1")})
    assert refused.status_code == 409 and "/enrol/" not in refused.text
    for account, status in (("IN1", 403), ("IN2", 303)):  # NU2 is of S02
        fresh_client(ward, account)
        answer = ward.client(account).post("/people/NU2/recovery", data={"csrf": ward.csrf(account)})
        assert answer.status_code == status, answer.text
    assert "enrolment" in fresh_client(ward, "AD1").get("/people/NU2/enrolment").text
    fresh_client(ward, "IN2")
    assert ward.client("IN2").post("/people/IN2/recovery", data={"csrf": ward.csrf("IN2")}).status_code == 404


def test_people_shows_who_holds_what_today(busy):
    ward, _ = busy
    told = fresh_client(ward, "CO1").get("/api/people").json()
    roles = {a["account_id"]: a["roles_today"] for a in told["accounts"]}
    assert roles["NU1"] == [["NU", "S01"]] and {s["site_id"] for s in told["sites"]} == {"CENTRE", "UNIT", "S01", "S02"}
    own = fresh_client(ward, "IN1").get("/api/people").json()
    assert {d["site_id"] for d in own["delegations"]} == {"S01"} and [s["site_id"] for s in own["sites"]] == ["S01"]


def locked(ward):
    """A signed data lock."""
    with ward.ledger.reading() as view:
        found = [f["freeze_id"] for f in view.rows("freezes", state="frozen")]
    if found:
        return found[-1]
    fresh_client(ward, "CO1")
    ward.done("CO1", "propose-lock", sign=True, purpose="first look", restricts_editing=False)
    fresh_client(ward, "ST1")
    ward.done("ST1", "sign-lock", "L1", sign=True)
    return "L1"


def exported(ward, account, lock, **told):
    """The answer to an export."""
    client = fresh_client(ward, account)
    return client.post(f"/locks/{lock}/export", data={"reason": "second look", "csrf": ward.csrf(account), **told})


def test_an_export_carries_neither_date_nor_site(busy):
    ward, names = busy
    lock = locked(ward)
    packed = exported(ward, "ST1", lock)
    again = exported(ward, "CO1", lock)
    assert packed.status_code == 200 and packed.content == again.content
    files = zipfile.ZipFile(io.BytesIO(packed.content))
    text = "".join(files.read(name).decode() for name in files.namelist())
    assert not [w for w in (names["subject"], "S01", "UNIT", "2020-04-01T11", "IN1", "tank 1") if w in text]
    told = json.loads(files.read("manifest.json"))
    assert told["coded"] and told["data_lock"] == lock
    (note,) = [e for e in entries(ward, action="export", actor="ST1") if "second look" in e["reason"]]
    assert json.loads(note["values_json"])["plan"] == "open_outcomes"


def test_true_dates_are_for_coordinator_and_inspector_and_noted_as_such(busy):
    ward, names = busy
    lock = locked(ward)
    assert exported(ward, "ST1", lock, identified="true").status_code == 403
    packed = exported(ward, "IP1", lock, identified="true")
    files = zipfile.ZipFile(io.BytesIO(packed.content))
    assert names["subject"] in files.read("tables/subjects.csv").decode()
    assert [e["reason"] for e in entries(ward, action="read_identified")] == ["second look"]
    assert exported(ward, "IP1", lock, reason=" ").status_code == 422
    assert exported(ward, "IP1", "L99").status_code == 404


def test_what_a_new_lock_would_hold_is_what_the_lock_then_holds(busy):
    ward, _ = busy
    lock = locked(ward)
    told = fresh_client(ward, "ST1").get("/api/locks?now=1").json()
    (held,) = [one for one in told["locks"] if one["freeze_id"] == lock]
    assert {s["role"] for s in held["signatures"]} == {"CO", "ST"} and held["may_be_exported"]
    assert [t["table"] for t in held["tables"]] == sorted(t["table"] for t in held["tables"])
    assert told["now"]["head_seq"] > held["head_seq"]


def test_the_ledger_is_sound_after_all_of_it(busy):
    ward, _ = busy
    with ward.ledger.reading() as view:
        assert verify(view).faults == ()
