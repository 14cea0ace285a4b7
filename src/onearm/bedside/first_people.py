"""The first people of a study, named in a file: their rows in the ledger and a link each to enrol."""

from pathlib import Path

from onearm.bedside.identity.credentials import invite
from onearm.bedside.identity.sessions import revoke_account
from onearm.bedside.identity.tables import milliseconds
from onearm.ledger.entry import Action
from onearm.ledger.ledger import Ledger
from onearm.ledger.opening import SETUP, enrol_people
from onearm.ledger.problems import LedgerRefusal
from onearm.ledger.store import write_transaction
from onearm.protocol.people import FirstPeople
from onearm.records.columns import canonical_json
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.people_file import read_first_people


def enrol_first_people(ledger: Ledger, file: Path, protocol_version: str) -> list[tuple[str, str, str]]:
    """Account, printed name and enrolment token of everybody in the file. Raises StudyProblems: nobody is enrolled."""
    problems: list[Problem] = []
    people = read_first_people(file, problems)
    if people is None or problems:
        raise StudyProblems(problems, "nobody was enrolled")
    try:
        write_people(ledger, people, protocol_version)
    except LedgerRefusal as refused:
        raise StudyProblems(
            [Problem(file.name, str(refused), "Correct it and try again.")], "nobody was enrolled"
        ) from None
    now_ms = milliseconds(ledger.clock())
    with write_transaction(ledger.engine) as connection:
        return [(p.account_id, p.title, invite(connection, p.account_id, now_ms)) for p in people.person]


def invite_again(ledger: Ledger, accounts: list[str]) -> list[tuple[str, str, str]]:
    """A new token for these accounts (`all`: everybody active): old password and factor stop working.

    Raises StudyProblems for an account that is not there or closed; then nobody is invited.
    """
    now_ms = milliseconds(ledger.clock())
    with ledger.writing(SETUP) as act:
        active = {row["account_id"]: row for row in act.view.rows("accounts", status="active")}
        wanted = sorted(active) if accounts == ["all"] else accounts
        unknown = [name for name in wanted if name not in active]
        if unknown:
            problems = [
                Problem(name, "is no active account.", f"Known: {', '.join(sorted(active))}.") for name in unknown
            ]
            raise StudyProblems(problems, "nobody was invited")
        invited = []
        for name in wanted:
            revoke_account(act.view.connection, name, now_ms)
            act.note(Action.ACCOUNT, {"account_id": name, "invited": "again"}, reason="invited again by command line")
            invited.append((name, active[name]["title"], invite(act.view.connection, name, now_ms)))
        return invited


def write_people(ledger: Ledger, people: FirstPeople, protocol_version: str) -> None:
    """Sites, accounts and delegations as rows, in one act."""
    sites = [{name: getattr(site, name) for name in site.__slots__} for site in people.site]
    accounts = [
        {
            "site_id": p.site_id,
            "account_id": p.account_id,
            "person_id": p.person_id or p.account_id,
            "title": p.title,
            "language": p.language,
            "status": "active",
        }
        for p in people.person
    ]
    delegations = [
        {
            "site_id": held.site_id,
            "delegation_id": f"{p.account_id}-G{n}",
            "account_id": p.account_id,
            "role": held.role,
            "valid_from": held.valid_from,
            "valid_to": held.valid_to,
            "qualification": held.qualification,
            "training": canonical_json(
                [
                    {
                        "product_code": t.product_code,
                        "protocol_version": t.protocol_version or protocol_version,
                        "trained_on": t.trained_on.isoformat(),
                    }
                    for t in held.training
                ]
            ),
            "signed_by": people.signed_by,
        }
        for p in people.person
        for n, held in enumerate(p.role, 1)
    ]
    enrol_people(ledger, sites, accounts, delegations)
