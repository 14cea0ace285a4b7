"""`people.toml` read with every problem at once."""

from pathlib import Path

from onearm.protocol.people import FirstPeople
from onearm.results.problems import Problem
from onearm.sources.typed_file import build, line_of, read_toml

NAME = "people.toml"


def read_first_people(path: Path, problems: list[Problem]) -> FirstPeople | None:
    """The first people of a study; None after adding what is wrong: roles at sites that are not named, names twice."""
    raw = read_toml(path, path.name, problems)
    found = None if raw is None else build(FirstPeople, raw, path, path.name, problems)
    if found is None:
        return None
    before = len(problems)
    sites = [site.site_id for site in found.site]
    names = [person.account_id for person in found.person]
    for k, person in enumerate(found.person):
        line = line_of(path, ("person", k, "account_id"))
        if names.count(person.account_id) > 1:
            problems.append(Problem(path.name, f"{person.account_id} stands twice.", "Keep one.", line))
        for where in {person.site_id, *(held.site_id for held in person.role)} - set(sites):
            told = f"{person.account_id} works at {where}, which is no [[site]] here."
            problems.append(Problem(path.name, told, f"Sites are: {', '.join(sites)}.", line))
        if not person.role:
            told = f"{person.account_id} has no role."
            problems.append(Problem(path.name, told, "Add a [[person.role]].", line))
    return found if len(problems) == before else None
