"""The first entries of a ledger: the study it belongs to, and the people named in a file before anybody can sign in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onearm.ledger.entry import Action, Actor
from onearm.ledger.ledger import Ledger
from onearm.ledger.problems import LedgerRefusal

SETUP = Actor("SETUP", "SETUP", "SETUP")
"""The command line before anybody has an account; it writes sites and the first people, nothing else."""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What entry 1 says."""

    study_id: str
    protocol_sha256: str
    rulebook_sha256: str
    protocol_version: str
    virtual: bool
    onearm_version: str


def open_study(ledger: Ledger, facts: StudyFacts, centre: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Write entry 1 when the ledger is empty, a new version when protocol or rule book changed; whether it wrote.

    `centre` is the row of the coordinating site, which holds the study's own row; `source` that of its own patients.
    Raises LedgerRefusal when the
    ledger belongs to another study, or a virtual one would become real.
    """
    row = {"site_id": centre["site_id"], **{name: getattr(facts, name) for name in StudyFacts.__slots__}}
    with ledger.writing(SETUP) as act:
        standing = act.view.rows("studies")
        if not standing:
            act.add("studies", row, action=Action.OPEN)
            act.add("sites", centre)
            act.add("sources", {**source, "site_id": centre["site_id"], "retrieved_at": act.moment()})
            return True
        (was,) = standing
        if (was["study_id"], was["virtual"]) != (facts.study_id, facts.virtual):
            kind = "virtual" if was["virtual"] else "real"
            raise LedgerRefusal(f"The ledger belongs to {was['study_id']} ({kind}), not to {facts.study_id}.")
        if all(was[name] == row[name] for name in row):
            return False
        act.correct("studies", row, read_version=was["version"], reason="protocol, rule book or version changed")
        return True


def enrol_people(
    ledger: Ledger,
    sites: Sequence[Mapping[str, Any]],
    accounts: Sequence[Mapping[str, Any]],
    delegations: Sequence[Mapping[str, Any]],
) -> None:
    """The first sites, accounts and delegations, in one act. Raises LedgerRefusal when people are there already."""
    with ledger.writing(SETUP) as act:
        if act.view.rows("accounts"):
            raise LedgerRefusal("The ledger has people already; an administrator adds others in the app.")
        known = {site["site_id"]: site for site in act.view.rows("sites")}
        act.add_all("sites", [site for site in sites if site["site_id"] not in known])
        for site in (site for site in sites if site["site_id"] in known):
            version = known[site["site_id"]]["version"]
            act.correct("sites", site, read_version=version, reason="named in the file of the first people")
        act.add_all("accounts", accounts, action=Action.ACCOUNT, reason="named in the file of the first people")
        act.add_all("delegations", delegations, action=Action.CREATE)
