"""Every act leaves what it did, by whom, when and why: as many entries as rows, the fields that were sent."""

import json
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from every_act import perform_all
from ward import PEOPLE, sqlite_ward

from onearm.bedside.acts.registry import ACTS
from onearm.ledger.entry import GONE, WITHOUT_REASON, Action
from onearm.ledger.signing import SignatureState, state_of
from onearm.ledger.tables import SCHEMAS, record_key
from onearm.ledger.verification import verify
from onearm.records.columns import canonical_json

OWN = {"version", "entered_at"}
#: act, table -> columns of a row that stood which it changes beside the fields of its form
FOLLOWS = {
    ("add-training", "delegations"): {"training"},
    ("answer-query", "queries"): {"answered_by", "state"},
    ("assess-reaction", "infusions"): {"assessed_by"},
    ("cancel-order", "dose_orders"): {"status"},
    ("close-account", "accounts"): {"status"},
    ("close-query", "queries"): {"closed_by", "state"},
    ("correct-lot-tests", "lot_tests"): {"analyst_id"},
    ("correct-measurements", "measurements"): {"value"},
    ("decide-treatment", "subjects"): {"cohort"},
    ("end-episode", "episodes"): {"ended_at_precision", "ongoing"},
    ("erase-entry", "redactions"): {"done_by", "state"},
    ("review-event", "adverse_events"): {"reviewed_by"},
    ("sign-lock", "freezes"): {"state"},
    ("unlock", "freezes"): {"state"},
    ("verify-order", "dose_orders"): {"status", "verified_at", "verified_by"},
    ("verify-test", "lot_tests"): {"verifier_id"},
}
#: acts whose typed times are not those of the act: an order for later, a decision about what began earlier
OTHER_TIMES = ("order-dose", "confirm-suggestion")


class Run:
    """A ward on which everything was done, and its entries."""

    def __init__(self, ward):
        self.ward, self.names = ward, perform_all(ward)
        with ward.ledger.reading() as view:
            self.entries = {e.seq: e for e in view.entries()}
            self.versions = {(e.table_name, e.record_key, e.version): e for e in self.entries.values()}
            self.signatures = {s["signature_id"]: s for s in view.rows("signatures")}

    def written(self, done, *, signatures=False):
        """The entries an act wrote: rows, or signatures on them."""
        found = [self.entries[e["seq"]] for e in done.answer["entries"]]
        return [e for e in found if (e.table_name == "signatures") is signatures]

    def before(self, entry):
        """The version before, as values; empty before the first and after a withdrawal."""
        earlier = self.versions.get((entry.table_name, entry.record_key, entry.version - 1))
        return values(earlier) if earlier else {}


def values(entry):
    """The row an entry wrote; empty for one that was withdrawn or erased."""
    return (json.loads(entry.values_json) or {}) if entry.values_json else {}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    ward, _ = sqlite_ward(tmp_path_factory.mktemp("every"))
    yield Run(ward)
    ward.ledger.close()


def test_every_act_of_the_registry_was_performed(run):
    assert set(ACTS) == {done.act for done in run.ward.performed}


def test_no_entry_was_written_twice_and_none_without_an_act(run):
    told = Counter(e["seq"] for done in run.ward.performed for e in done.answer["entries"])
    assert set(told.values()) == {1}
    others = [e for seq, e in run.entries.items() if seq not in told]
    first = min(told)
    late = [e for e in others if e.seq > first]
    # the picture, which is sent by a form of its own; what an erasure names
    assert [e.table_name for e in late] == ["images"], [(e.seq, e.table_name, e.action) for e in late]
    assert list(run.entries) == list(range(1, len(run.entries) + 1))


def test_an_act_writes_one_entry_per_row_and_the_rows_stand_as_the_entries_say(run):
    for done in run.ward.performed:
        rows = Counter((e.table_name, e.record_key) for e in run.written(done))
        assert set(rows.values()) <= {1}, (done.act, rows)
        assert rows or ACTS[done.act].id == "consent-out-of-spec", done.act
    with run.ward.ledger.reading() as view:
        assert verify(view).faults == ()


def test_every_entry_names_who_did_it_in_which_role_and_where(run):
    for done in run.ward.performed:
        for entry in [*run.written(done), *run.written(done, signatures=True)]:
            assert (entry.actor, entry.role, entry.site) == (done.account, *PEOPLE[done.account]), done.act


def moments(typed):
    """Times that were typed, in UTC; those without a zone are of Madrid."""
    for value in typed.values():
        if isinstance(value, str) and len(value) > 15 and value[4:5] == "-" and "T" in value:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/Madrid"))
            yield moment.astimezone(UTC).replace(second=0, microsecond=0)


def test_every_entry_says_when_it_was_entered_and_when_it_happened(run):
    for done in run.ward.performed:
        for entry in run.written(done):
            assert abs((entry.entered_at - done.at).total_seconds()) < 60, done.act
            typed = set(moments(done.typed))
            assert entry.occurred_at in (entry.entered_at, *typed), (done.act, entry.occurred_at, typed)
            if typed and entry.occurred_at == entry.entered_at:
                assert done.act in OTHER_TIMES or done.act.startswith("correct-"), done.act


def test_every_entry_says_why_where_something_changed(run):
    for done in run.ward.performed:
        for entry in run.written(done):
            assert entry.reason or entry.action in WITHOUT_REASON, (done.act, entry.table_name)
            if done.act.startswith(("correct-", "withdraw-")):
                assert entry.reason == done.typed["reason"]


def as_stored(table, column, value):
    """What was typed as it stands in an entry."""
    kind = SCHEMAS[table].columns()[column].dtype
    if isinstance(value, list):
        return canonical_json(sorted(value))
    if str(kind).startswith("Datetime"):
        (moment,) = moments({"at": value})
        return moment.strftime("%Y-%m-%dT%H:%M:00.000Z")
    return value


def test_what_changed_is_what_was_sent_and_what_follows_from_it(run):
    wrong = []
    for done in run.ward.performed:
        for entry in run.written(done):
            table, now, was = entry.table_name, values(entry), run.before(entry)
            sent = {c: as_stored(table, c, v) for c, v in done.typed.items() if c in SCHEMAS[table].columns()}
            if not now:  # withdrawn
                continue
            lost = {c for c, v in sent.items() if now[c] != v}
            lost -= {"reason"} if done.act.startswith("correct-") else set()  # of the correction, not of the row
            changed = {c for c in now if now[c] != was.get(c)} - OWN if was else set()
            beside = changed - set(sent) - FOLLOWS.get((done.act, table), set())
            if lost or beside:
                wrong.append((done.act, table, entry.version, "lost", lost, "beside", beside))
    assert wrong == []


def test_a_withdrawn_row_is_gone_from_the_tables_and_every_value_of_it_can_be_read(run):
    gone = [(done, e) for done in run.ward.performed for e in run.written(done) if e.values_json == GONE]
    assert {done.act for done, _ in gone} == {name for name in ACTS if name.startswith("withdraw-")}
    for done, entry in gone:
        with run.ward.ledger.reading() as view:
            assert record_key_of(view, entry) is None, done.act
            earlier = [v for v in view.history(entry.table_name, entry.record_key) if v.version < entry.version]
            newest = values(earlier[-1])
        assert newest, done.act
        trail = run.ward.get("CO1", f"/api/audit/{entry.table_name}/{entry.record_key}").json()
        shown = {f["column"]: f["values"][len(earlier) - 1] for f in trail["fields"]}
        assert {c for c in newest if c not in shown} <= OWN, done.act
        assert all(shown[c] in (None, str(newest[c]), str(newest[c]).lower()) for c in shown), done.act
        assert trail["versions"][-1]["withdrawn"] and trail["versions"][-1]["reason"] == done.typed["reason"]


def record_key_of(view, entry):
    """The key of the row if it stands, else None."""
    rows = [r for r in view.rows(entry.table_name) if record_key(entry.table_name, r) == entry.record_key]
    return record_key(entry.table_name, rows[0]) if rows else None


def test_a_signed_act_leaves_the_signature_of_whoever_signed_on_the_bytes_that_were_written(run):
    for done in run.ward.performed:
        act, signed = ACTS[done.act], run.written(done, signatures=True)
        assert bool(signed) is (act.meaning is not None), done.act
        for entry in signed:
            told = run.signatures[entry.record_key]
            signer = done.second or done.account
            assert entry.action == Action.SIGN and told["signer"] == signer and told["meaning"] == act.meaning
            assert (told["role"], told["site_id"]) == PEOPLE[signer] and told["statement"]
            versions = {
                e.version: e.values_json
                for e in run.entries.values()
                if (e.table_name, e.record_key) == (told["table_name"], told["record_key"])
            }
            until = {v: text for v, text in versions.items() if v <= told["signed_version"]}
            assert state_of(told, until) is SignatureState.VALID, done.act


def test_the_audit_trail_shows_every_entry_of_every_act(run):
    seen, before = set(), ""
    while True:
        page = run.ward.get("CO1", f"/api/audit{before}").json()
        seen |= {line["seq"] for line in page["lines"]}
        if page["older"] is None:
            break
        before = f"?before={page['older']}"
    assert seen == set(run.entries)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_all_of_it_is_done_on_postgresql_as_well(ward):
    perform_all(ward)
    assert set(ACTS) == {done.act for done in ward.performed}
    with ward.ledger.reading() as view:
        assert verify(view).faults == ()
