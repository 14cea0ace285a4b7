"""A virtual trial as entries of a ledger, to be looked at in the app: `onearm serve FOLDER --demo`.

The rows come as they were drawn, all at the data lock, under the name of a virtual coordinator: this is no play of acts
with their rules, which `examples/virtual-ward` is.
"""

import tempfile
from datetime import UTC, date, datetime, time
from pathlib import Path

from onearm.bedside.first_people import write_people
from onearm.bedside.serving import CENTRE, SHIPPED, facts_of, promise_of, source_of
from onearm.ledger.archive import ENTRIES_FILE, archive_files
from onearm.ledger.entry import Actor
from onearm.ledger.ledger import Ledger
from onearm.ledger.migration import migrate
from onearm.ledger.opening import open_study
from onearm.ledger.store import FILE, open_engine, sqlite_url
from onearm.protocol.people import Delegated, FirstPeople, FirstPerson, Role, Site, Training
from onearm.records import Records
from onearm.records.tables import TABLES
from onearm.results.problems import Problem, StudyProblems

_FROM = date(2019, 1, 1)  # before any lot
_UNIT = "VPU"
_COORDINATOR = Actor("COORD", "CO", "CENTRE")
#: ending of an account at a hospital, at the unit, at the centre -> role
_HOSPITAL: dict[str, Role] = {"DOC": "IN", "PHARM": "PH", "NURSE1": "NU", "NURSE2": "NU"}
_MAKERS: dict[str, Role] = {"MAKER": "PT", "ANALYST1": "QC", "ANALYST2": "QC", "QP": "QP"}
_CENTRE: dict[str, Role] = {
    "COORD": "CO",
    "MONITOR": "MO",
    "SPONSOR": "SP",
    "STAT": "ST",
    "ADMIN": "AD",
    "INSPECTOR": "IP",
    "READER-1": "RR",
    "READER-2": "RR",
    "READER-3": "RR",
}


def write_virtual_ledger(folder: Path, records: Records) -> int:
    """Write `ledger.jsonl` of a virtual study into its folder, and tell the number of entries.

    Raises StudyProblems for a real one.
    """
    promise = promise_of(folder)
    if not promise.virtual:
        raise StudyProblems([Problem(str(folder), "is a real study.", "Only virtual records are entered this way.")])
    lock = promise.protocol.study.data_lock or date(2020, 6, 30)
    now = datetime.combine(lock, time(23, 59), UTC)
    with tempfile.TemporaryDirectory() as place:
        ledger = Ledger(open_engine(sqlite_url(Path(place) / FILE)), virtual=True, clock=lambda: now)
        migrate(ledger.engine)
        open_study(ledger, facts_of(promise), CENTRE, source_of(promise))
        write_people(ledger, _people(records), promise.protocol.study.version)
        with ledger.writing(_COORDINATOR) as act:
            for table in TABLES:
                rows = records[table].drop("version", "entered_at").to_dicts()
                if table == "sources":  # the study opened with one of that name
                    known = {row["source_id"]: row["version"] for row in act.view.rows(table)}
                    for row in (row for row in rows if row["source_id"] in known):
                        act.correct(table, row, read_version=known[row["source_id"]], reason="drawn")
                    rows = [row for row in rows if row["source_id"] not in known]
                act.add_all(table, rows, reason="drawn")
        with ledger.reading() as view:
            entries = archive_files(view, {})[ENTRIES_FILE]
        ledger.close()
    (folder / SHIPPED).write_bytes(entries)
    return entries.count(b"\n")


def _people(records: Records) -> FirstPeople:
    """Everybody whom the records name, and the coordinating centre."""
    products = tuple(sorted(set(records["lots"]["product_code"])))
    hospitals = sorted(set(records["subjects"]["site_id"]))
    sites = [Site(name, f"Virtual hospital {name}", "hospital", "ZZ", "UTC") for name in hospitals]
    sites.append(Site(_UNIT, "Virtual production unit", "production", "ZZ", "UTC"))
    told = [(f"{site}-{end}", site, role) for site in hospitals for end, role in _HOSPITAL.items()]
    told += [(f"{_UNIT}-{end}", _UNIT, role) for end, role in _MAKERS.items()]
    told += [(name, "CENTRE", role) for name, role in _CENTRE.items()]
    people = tuple(_person(account, site, role, products) for account, site, role in told)
    return FirstPeople(signed_by="VIRTUAL-HEAD", site=tuple(sites), person=people)


def _person(account: str, site: str, role: Role, products: tuple[str, ...]) -> FirstPerson:
    trained = tuple(Training(product, _FROM) for product in products)
    held = Delegated(role, site, _FROM, "virtual", training=trained)
    return FirstPerson(account, f"{account}, virtual", site, role=(held,))
