"""Who may do what, where: the table of roles.toml, asked by every route."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from onearm.ledger.system_tables import ROLES

PUBLIC = "public"  # routes before sign-in
SIGNED_IN = "signed_in"  # routes of oneself: sign out, change role, language, password


class Scope(StrEnum):
    """How far a role reaches for an action."""

    UNIT = "u"
    SITE = "o"
    ALL = "a"


@dataclass(frozen=True, slots=True)
class Policy:
    """One action: which role, how far, and whether it is signed."""

    action: str
    scopes: Mapping[str, Scope]
    signed: bool

    def allows(self, role: str, own_site: str, site: str | None) -> bool:
        """Whether a role held at `own_site` may act on what belongs to `site` (None: nothing in particular)."""
        scope = self.scopes.get(role)
        if scope is None:
            return False
        return scope is Scope.ALL or site is None or site == own_site

    def sites(self, role: str, own_site: str) -> str | None:
        """The one site a role is bound to, or None for all. Raises KeyError for a role that may not at all."""
        return None if self.scopes[role] is Scope.ALL else own_site


@cache
def policies() -> Mapping[str, Policy]:
    """All actions by name. Raises ValueError for a role or scope that is none."""
    table = tomllib.loads((Path(__file__).parent / "roles.toml").read_text(encoding="utf-8"))
    found = {}
    for action, line in table.items():
        scopes = {role: Scope(scope) for role, scope in line.items() if role != "signed"}
        unknown = set(scopes) - set(ROLES)
        if unknown:
            raise ValueError(f"roles.toml, {action}: {', '.join(sorted(unknown))} is no role.")
        found[action] = Policy(action, scopes, bool(line.get("signed")))
    return found
