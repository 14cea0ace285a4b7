"""Every route x role x site answers as the table of records.md section 4 says; what is denied is logged."""

from datetime import UTC, datetime

import pytest
from role_table import ROLES, expected
from two_wards import ACCOUNT, COORDINATOR, UNIT_ROLES, TwoWards, keys_for, routes, site_of

from onearm.bedside import label_routes, paper_routes, trace_routes
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.policy import PUBLIC, SIGNED_IN, policies
from onearm.bedside.views.registry import SCREENS
from onearm.ledger.entry import Action

TABLE = expected()
#: what every hospital sees of product it may get: the same for a lot and bag of elsewhere, patients of others unnamed
WIDE = ("/lots/{lot_id}", "/bags/{container_id}", "/trace/lots/{lot_id}", "/trace/lots/{lot_id}.pdf")
#: refuse another site by name: 403 and logged; the others hide it
SITES_BY_NAME = ("/import/{site_id}", "/import/{site_id}/confirm", "/people/{account_id}/recovery")
WITH_FILE = ("/patients/{subject_id}/images", "/import/{site_id}")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two hospitals, two units, and for every role somebody whose delegation ended yesterday."""
    patch = pytest.MonkeyPatch()
    for module in (paper_routes, trace_routes):  # drawing is not what is asked here
        patch.setattr(module, "pdf_of", lambda html: b"%PDF")
    patch.setattr(label_routes, "label_sheet", lambda *words, **told: b"%PDF", raising=False)
    one = TwoWards(tmp_path_factory.mktemp("roles"))
    ward = one.ward
    ward.clock.now = datetime(2020, 5, 4, 21, 50, tzinfo=UTC)  # ten to midnight in Madrid
    for role, account in ACCOUNT.items():
        one.person(f"{account}-OLD", role, site_of(account), until=ward.clock.now.date())
        ward.client(f"{account}-OLD")
    ward.clock.now = datetime(2020, 5, 4, 22, 1, tzinfo=UTC)
    for account in ACCOUNT.values():
        ward.client(account)
    one.csrf = {account: ward.csrf(account) for account in ACCOUNT.values()}
    one.csrf |= {f"{account}-OLD": ward.csrf(f"{account}-OLD") for account in ACCOUNT.values()}
    yield one
    one.close()
    patch.undo()


def test_every_route_says_whose_it_is(two):
    lines = {*policies(), PUBLIC, SIGNED_IN}
    exempt = {"/static"}  # style, script and nothing of the study
    found = {r.path: (getattr(r, "openapi_extra", None) or {}).get("x-action") for r in routes(two.ward.app)}
    assert {path for path, action in found.items() if action not in lines} == exempt
    public = {path for path, action in found.items() if action == PUBLIC}
    assert public == {"/sign-in", "/enrol/{token}"}
    own = {path for path, action in found.items() if action == SIGNED_IN}
    assert own == {"/role", "/password", "/sign-out", "/api/openapi.json"}
    for screen in SCREENS:
        assert found[screen.path] == found[f"/api{screen.path}".rstrip("/")] == screen.action
    for act in ACTS.values():
        assert found[act.path] == found[f"/api{act.path}"] == act.action
        assert (act.meaning is not None) == policies()[act.action].signed, act.id


def test_the_role_table_is_that_of_the_records_but_for_what_was_decided():
    read = {name: ({r: str(s) for r, s in p.scopes.items()}, p.signed) for name, p in policies().items()}
    assert read == TABLE


def answer_due(scope, relation, *, hidden):
    """What the table asks for: 0 go on, else the status."""
    if relation == "ended" or scope is None:
        return 403
    if relation == "own" or scope == "a":
        return 0
    return 404 if hidden else 403


def is_right(status, due):
    return status == due if due else status in (200, 201, 409, 422)


def denials(two):
    with two.ward.ledger.reading() as view:
        return sum(e.action == Action.DENIED for e in view.entries())


@pytest.mark.parametrize("role", ROLES)
def test_every_act_is_open_to_whom_the_table_names_and_closed_to_all_others(two, role, record_property):
    wrong, cells, refused, before = [], 0, 0, denials(two)
    for act in ACTS.values():
        own, other = keys_for(two, act.about, site_of(ACCOUNT[role]))
        scope = TABLE[act.action][0].get(role)
        hidden = act.about not in ("lot", "lot_test", "decision", "bag", "account", "delegation") and not (
            act.about in ("row:lots", "row:lot_materials", "row:lot_tests", "row:infusion_containers")
            or (act.about == "query" and role in UNIT_ROLES)
        )
        for relation, key in (("own", own), ("other", other), ("ended", own)):
            if key is None:
                continue
            account = ACCOUNT[role] + ("-OLD" if relation == "ended" else "")
            due = answer_due(scope, relation, hidden=hidden)
            path = f"/api{act.path_for(key)}"
            shown = two.ask(account, path)
            done = two.ask(account, path, "POST", json={}, headers={"x-csrf-token": two.csrf[account]})
            cells, refused = cells + 1, refused + 2 * bool(due)
            if not is_right(shown.status_code, due) or not is_right(done.status_code, due):
                wrong.append((act.id, relation, key, shown.status_code, done.status_code, due or "go on"))
    assert wrong == []
    assert cells > 250 and denials(two) - before == refused
    record_property("cells", cells)


def screens(two):
    """Path, line of the table, own and other key, for every route to look at that is no act."""
    own, other = {}, {}
    for name, about in (("subject_id", "subject"), ("lot_id", "lot"), ("image_id", "image"),
                        ("dose_order_id", "order")):  # fmt: skip
        own[name], other[name] = keys_for(two, about, "S01")
    own |= {"freeze_id": two.keys["freeze"], "account_id": "PH1B", "site_id": "S01", "table": "lots", "key": "LOT-1"}
    other |= {"freeze_id": two.keys["freeze"], "account_id": "NU2", "site_id": "S02", "table": "lots", "key": "LOT-2"}
    for route in routes(two.ward.app):
        action = (getattr(route, "openapi_extra", None) or {}).get("x-action")
        if action in (None, PUBLIC, SIGNED_IN) or "/do/" in route.path:
            continue
        yield route, action, own, other


@pytest.mark.parametrize("role", ROLES)
def test_every_screen_print_and_file_is_open_to_whom_the_table_names(two, role, record_property):
    wrong, cells, site = [], 0, site_of(ACCOUNT[role])
    for route, action, own, other in screens(two):
        scope = TABLE[action][0].get(role)
        own, other = dict(own), dict(other)
        for told, chosen in ((own, 0), (other, 1)):
            told["container_id"] = keys_for(two, "bag", site)[chosen]
            if site == "S01":
                told |= {"table": "subjects", "key": told["subject_id"]}
            act = ACTS.get(route.path.split("/")[2]) if route.path.startswith("/paper/") else None
            if act is not None and "{key" in route.path:
                told["key"] = keys_for(two, act.about, site)[chosen]
        for relation, told in (("own", own), ("other", other), ("ended", own)):
            path = route.path.replace("{key:path}", "{key}")
            if relation == "other" and ("{" not in path or told.get("key") is None):
                continue
            account = ACCOUNT[role] + ("-OLD" if relation == "ended" else "")
            due = answer_due(scope, relation, hidden=True)
            if due == 0 and scope == "u" and ("{subject_id}" in path or "{dose_order_id}" in path):
                due = 404  # no patient belongs to a unit
            if due == 404 and path.removeprefix("/api") in WIDE and scope == "o":
                due = 0
            method = "POST" if "POST" in route.methods else "GET"
            posted = {"data": {"csrf": two.csrf[account]}} if method == "POST" else {}
            if path in WITH_FILE and method == "POST":
                posted["files"] = {"file": ("a.csv", b"a", "text/csv")}
            answer = two.ask(account, path.format(**told), method, **posted)
            cells += 1
            allowed = (due,) if due else (200, 201, 303, 409, 422)
            if due == 404 and (path in SITES_BY_NAME or path.startswith("/paper/")):
                allowed = (403, 404)
            if answer.status_code not in allowed:
                wrong.append((method, path, told.get("key"), relation, answer.status_code, due or "go on"))
    assert wrong == []
    assert cells > 150
    record_property("cells", cells)


def test_a_bag_meant_for_a_patient_elsewhere_does_not_name_the_patient(two):
    bag = two.mirror(two.bag)
    for path in (f"/bags/{bag}", "/lots/LOT-2", "/trace/lots/LOT-2"):
        for account in ("IN1", "NU1", "PH1"):
            for shown in (path, f"/api{path}"):
                answer = two.ask(account, shown)
                assert "S02-001" not in answer.text, (account, shown)
                assert answer.status_code == 200 or (account == "NU1" and "/trace/" in path)
        assert "S02-001" in two.ask("CO1", path).text
    assert two.ask("IN1", f"/api/bags/{bag}").json()["place"] is None  # not where it was before it left


def test_a_look_at_another_site_leaves_an_entry(two):
    before = denials(two)
    for path in ("/patients/S02-001", "/api/patients/S02-001", "/labels/patients/S02-001", "/trace/patients/S02-001"):
        assert two.ask("IN1", path).status_code == 404, path
    assert denials(two) == before + 4
    assert two.ask("IN1", "/patients/S01-999").status_code == 404  # nothing is there: no attempt
    assert denials(two) == before + 4


def test_lists_hold_what_is_of_the_own_site_alone(two):
    elsewhere = ("S02-001", "S02-Q1", "UNIT2-Q1")
    for account in ("PH1", "IN1", "NU1", "PT1", "QC1"):
        for screen in SCREENS:
            if "{" not in screen.path and screen.path != "/audit":
                for path in (screen.path, f"/api{screen.path}".rstrip("/")):
                    told = two.ask(account, path).text
                    assert not [x for x in elsewhere if x in told], (account, path)
    for account in ("PT1", "QC1"):
        assert "LOT-2" not in two.ask(account, "/api/lots").text
    lines = two.ask("IN1", "/api/audit").json()["lines"]
    assert lines and {line["action"] for line in lines if any(x in str(line) for x in elsewhere)} <= {"denied"}


def test_a_pharmacist_sees_only_patients_with_an_order(two):
    with two.ward.ledger.writing(COORDINATOR) as act:
        row = {**act.view.row("subjects", two.subject), "subject_id": "S01-777"}
        act.add("subjects", {k: v for k, v in row.items() if k not in ("version", "entered_at")})
    before = denials(two)
    for path in ("/api/patients/S01-777", "/api/do/report-event/S01-777", "/labels/patients/S01-777",
                 "/api/trace/patients/S01-777"):  # fmt: skip
        assert two.ask("PH1", path).status_code == 404, path
    assert denials(two) == before + 4
    assert "S01-777" not in two.ask("PH1", "/api/patients").text and "S01-777" in two.ask("NU1", "/api/patients").text
    assert two.ask("NU1", "/api/do/report-event/S01-777").status_code == 200


def everything(two, account):
    """All that this person can be shown: every screen and form, of both sites."""
    told = []
    for route, _, own, other in screens(two):
        if "GET" in route.methods and not route.path.startswith(("/paper/", "/labels/")) and "pdf" not in route.path:
            for keys in (own, other):
                keys = {**keys, "container_id": two.bag}
                answer = two.ask(account, route.path.replace("{key:path}", "{key}").format(**keys))
                if answer.status_code == 200:
                    told.append((route.path, answer.text))
    for act in ACTS.values():
        for key in keys_for(two, act.about, "S01"):
            answer = two.ask(account, f"/api{act.path_for(key)}") if key is not None else None
            if answer is not None and answer.status_code == 200:
                told.append((act.id, answer.text))
    return told


def test_a_reader_learns_no_patient_date_site_or_treatment(two):
    hidden = (two.subject, "S02-001", "S01", "S02", "LOT-1", two.bag, two.infusion, "2020-04")
    shown = everything(two, "RR1")
    assert {path for path, _ in shown} >= {"/images", "read-image", "correct-image-reads"}
    for path, text in shown:
        inside = text.split("<main", 1)[-1]
        assert [x for x in hidden if x in inside and path not in ("answer-query", "/api/locks")] == [], path


def test_a_reader_changes_the_own_readings_only_and_no_conflict_tells_of_a_patient(two):
    key = two.keys["image_reads"]
    assert two.ask("RR2", f"/api/do/correct-image-reads/{key}").status_code == 404
    body = {"system": "rale", "score": 3, "change": "same", "reason": "mine", "read_version": 1}
    headers = {"x-csrf-token": two.ward.csrf("RR2")}
    two.tokens.pop("RR2", None)
    taken = two.ask("RR2", f"/api/do/correct-image-reads/{key}", "POST", json=body, headers=headers)
    gone = two.ask("RR2", f"/api/do/withdraw-image-reads/{key}", "POST", json={"reason": "x"}, headers=headers)
    assert taken.status_code == gone.status_code == 404
    headers = {"x-csrf-token": two.csrf["RR1"]}
    stale = two.ask(
        "RR1", f"/api/do/correct-image-reads/{key}", "POST", json={**body, "read_version": 9}, headers=headers
    )
    assert stale.status_code == 409 and two.subject not in stale.text and "taken_at" not in stale.text
    done = two.ask("RR1", f"/api/do/correct-image-reads/{key}", "POST", json=body, headers=headers)
    assert done.status_code == 201 and done.json()["page"] == "/images"


def test_the_administrator_reads_no_clinical_value_not_even_by_searching_for_one(two):
    shown = everything(two, "AD1")
    with two.ward.ledger.reading() as view:
        weight = view.rows("weights", site_id="S01")[0]
        event = view.rows("adverse_events", site_id="S01")[0]
    for path, text in shown:
        assert event["narrative"] not in text and "measured?" not in text and '"old":"' not in text, path
    known = two.ask("AD1", "/api/audit", params={"subject": two.subject}).json()["lines"]
    assert known and all(c["new"] is None and c["old"] is None for line in known for c in line["changes"])
    key = weight["weight_id"]
    for kilos in ("80", "81"):
        guess = f'{two.subject}","version":1,"weight_id":"{key}","weight_kg":"{kilos}'
        for name in ("subject", "site"):
            found = two.ask("AD1", "/api/audit", params={name: guess})
            assert found.status_code == 404 or found.json()["lines"] == [], guess


def test_the_statistician_sees_no_live_row(two):
    for path, text in everything(two, "ST1"):
        assert path in ("/", "/api", "/queries", "/api/queries", "/locks", "/api/locks", "/locks/{freeze_id}/export",
                        "ask-query", "close-query", "propose-lock", "sign-lock", "unlock"), path  # fmt: skip
        assert two.bag not in text and "weight_kg" not in text, path
