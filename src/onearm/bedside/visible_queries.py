"""The queries somebody may see: those of the own site, for a pharmacist of patients with an order."""

from typing import Any

from onearm.bedside.policy import policies
from onearm.bedside.screen import Asking
from onearm.bedside.situation import may_see_patient


def visible_queries(asking: Asking) -> list[dict[str, Any]]:
    """As they stand. Raises KeyError for a role that sees none."""
    person = asking.person
    site = policies()["see_queries"].sites(person.role, person.site_id)
    rows = asking.view.rows("queries", **({"site_id": site} if site else {}))
    known = {q["subject_id"] for q in rows if q["subject_id"]}
    hidden = {name for name in known if not may_see_patient(asking.view, person, name)}
    return [q for q in rows if q["subject_id"] not in hidden]
