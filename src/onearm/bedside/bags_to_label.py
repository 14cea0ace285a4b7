"""The bags of a lot somebody may print a label for: still to be used, and at the own site."""

from typing import Any

from onearm.bedside.person import Person
from onearm.bedside.policy import policies
from onearm.bedside.situation import about
from onearm.ledger.reading import View
from onearm.product.container_state import ContainerState, state_of
from onearm.records import Records


def bags_to_label(view: View, person: Person, records: Records) -> list[tuple[dict[str, Any], ContainerState]]:
    """Rows of `containers` with where each bag stands, by number; empty for a role that prints no labels."""
    policy, site_of = policies()["print_labels"], about("bag").site
    bags = records["containers"].sort("container_no").to_dicts()
    found = [(bag, state_of(records, bag["container_id"])) for bag in bags]
    mine = [policy.allows(person.role, person.site_id, site_of(view, bag)) for bag in bags]
    return [one for one, here in zip(found, mine, strict=True) if here and one[1].is_live]
