"""A daily course by file: seen before it is written, written whole, the same file twice adds nothing."""

import re
from datetime import timedelta

import pytest
from busy_ward import MAPPING, fresh_client
from journey import enrol, iso

from onearm.ledger.verification import verify

HEAD = "ID;FECHA;PRUEBA;VALOR;UNIDAD\n"


def row(subject, test="PCR", value="12,3", unit="mg/dL", at="01/04/2020 12:00"):
    """One line of the laboratory's file."""
    return f"{subject};{at};{test};{value};{unit}\n"


@pytest.fixture
def site(ward):
    """A ward with a mapping of S01 and one patient each at S01 and S02."""
    folder = ward.running.promise.folder / "mappings"
    folder.mkdir()
    (folder / "lab.toml").write_text(MAPPING, encoding="utf-8")
    (folder / "other.toml").write_text(MAPPING.replace('"S01"', '"S02"'), encoding="utf-8")
    ward.own, ward.other = enrol(ward), enrol(ward, "NU2", "S02")
    return ward


def upload(ward, text, *, account="NU1", name="labs_1.csv", mapping="lab.toml", site="S01"):
    """The preview of a file."""
    told, data = {"mapping": mapping, "csrf": ward.csrf(account)}, text.encode()
    return ward.client(account).post(f"/import/{site}", data=told, files={"file": (name, data, "text/csv")})


def confirm(ward, preview, *, account="NU1", site="S01", **told):
    """The answer to the confirmation of a preview."""
    sealed = re.search(r'name="handed_in" value="([^"]+)"', preview.text)
    told = {"handed_in": sealed.group(1) if sealed else "", "csrf": ward.csrf(account), **told}
    return ward.client(account).post(f"/import/{site}/confirm", data=told)


def values(ward):
    """What stands of measurements."""
    with ward.ledger.reading() as view:
        return view.rows("measurements")


def test_a_file_is_seen_first_and_then_written_in_one_act(site):
    preview = upload(site, HEAD + row(site.own) + row(site.own, "Ferritina", "900", "ng/mL"))
    assert preview.status_code == 200 and "12,3" not in preview.text and "123" in preview.text
    assert values(site) == []
    done = confirm(site, preview)
    assert (done.status_code, done.headers["location"]) == (303, "/import/S01?stored=2")
    rows = values(site)
    assert [(r["measurement_id"], r["marker"], str(r["value"].normalize())) for r in rows] == [
        (f"{site.own}-M1", "crp", "123"),
        (f"{site.own}-M2", "ferritin", "9E+2"),
    ]
    with site.ledger.reading() as view:
        (taken,) = view.rows("imports")
        actions = {e.action for e in view.entries() if e.table_name in ("measurements", "imports")}
        assert verify(view).faults == ()
    assert actions == {"import"} and {r["import_id"] for r in rows} == {taken["import_id"]}
    assert (taken["rows_in"], taken["rows_stored"], taken["rows_refused"]) == (2, 2, 0)
    assert taken["imported_by"] == "NU1" and taken["file_name"] == "labs_1.csv"


def test_the_same_file_twice_adds_nothing_and_a_longer_one_only_what_is_new(site):
    first = HEAD + row(site.own)
    assert confirm(site, upload(site, first)).status_code == 303
    again = upload(site, first)
    assert "handed_in" not in again.text
    longer = upload(site, first + row(site.own, at="02/04/2020 12:00"), name="labs_2.csv")
    site.clock.now += timedelta(minutes=1)
    assert confirm(site, longer).headers["location"].endswith("stored=1")
    assert [r["measurement_id"] for r in values(site)] == [f"{site.own}-M1", f"{site.own}-M2"]
    with site.ledger.reading() as view:
        taken = sorted(view.rows("imports"), key=lambda r: r["entered_at"])[-1]
    assert (taken["rows_in"], taken["rows_stored"], taken["rows_refused"]) == (2, 1, 0)  # one stood already


def test_one_refused_row_writes_nothing_unless_the_good_ones_are_wanted(site):
    preview = upload(site, HEAD + row(site.own) + row(site.own, value="9", unit="stone") + row(site.own, "Sodio"))
    assert preview.status_code == 200 and "stone" in preview.text and "Sodio" in preview.text
    refused = confirm(site, preview)
    assert refused.status_code == 409 and values(site) == []
    assert confirm(site, preview, partial="true").status_code == 303
    assert len(values(site)) == 1
    with site.ledger.reading() as view:
        (taken,) = view.rows("imports")
    assert (taken["rows_in"], taken["rows_stored"], taken["rows_refused"]) == (3, 1, 2)


def test_rows_of_another_site_are_refused(site):
    preview = upload(site, HEAD + row(site.own) + row(site.other))
    assert confirm(site, preview, partial="true").status_code == 303
    assert {r["subject_id"] for r in values(site)} == {site.own}
    assert upload(site, HEAD + row(site.own), account="NU2").status_code == 403
    assert upload(site, HEAD + row(site.own), mapping="other.toml").status_code == 422
    assert "other.toml" not in site.client("NU1").get("/import/S01").text


def test_rules_across_tables_refuse_a_row_of_the_file(site):
    died = site.clock.now - timedelta(hours=2)
    site.done("NU1", "record-outcome", site.own, kind="died", occurred_at=iso(died), cause="lung")
    preview = upload(site, HEAD + row(site.own, at="02/04/2020 12:00"))
    assert "handed_in" not in preview.text and ">1</span>" in preview.text


def test_a_name_that_was_withdrawn_is_not_given_again(site):
    assert confirm(site, upload(site, HEAD + row(site.own))).status_code == 303
    site.done("NU1", "withdraw-measurements", f"{site.own}-M1", reason="of another patient")
    assert confirm(site, upload(site, HEAD + row(site.own))).status_code == 303
    assert [r["measurement_id"] for r in values(site)] == [f"{site.own}-M2"]


@pytest.mark.parametrize("text", ["", "nonsense", HEAD, "PK\x03\x04\x00\x01", HEAD + '"open', "ID;FECHA\nx;y\n"])
def test_a_file_that_cannot_be_read_says_so(site, text):
    answer = upload(site, text)
    assert answer.status_code == 422 and 'role="alert"' in answer.text and values(site) == []


def test_a_confirmation_of_something_else_is_refused(site):
    preview = upload(site, HEAD + row(site.own))
    assert confirm(site, preview, handed_in="forged").status_code == 422
    assert confirm(site, preview, account="IN1").status_code == 422  # of another person
    assert confirm(site, preview, csrf="x").status_code == 403
    mapping = site.running.promise.folder / "mappings" / "lab.toml"
    mapping.write_text(mapping.read_text() + "\n# changed\n", encoding="utf-8")
    assert confirm(site, preview).status_code == 422 and values(site) == []


def test_names_of_files_lose_their_path(site):
    assert confirm(site, upload(site, HEAD + row(site.own), name="C:\\temp\\labs<b>.csv")).status_code == 303
    with site.ledger.reading() as view:
        assert [r["file_name"] for r in view.rows("imports")] == ["labsb.csv"]


def test_nothing_comes_in_while_a_data_lock_restricts_editing(site):
    preview = upload(site, HEAD + row(site.own))
    site.done("CO1", "propose-lock", sign=True, purpose="first", restricts_editing=True)
    site.done("ST1", "sign-lock", "L1", sign=True)
    fresh_client(site, "NU1")
    assert confirm(site, preview).status_code == 409 and values(site) == []
