"""Who may import whom: the table of the house, deferred imports counted."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "onearm"
#: package -> packages it may import, `results` and itself aside
MAY_IMPORT = {
    "vocabulary": set(),
    "results": {"vocabulary"},
    "records": {"vocabulary"},
    "protocol": {"vocabulary", "records"},
    "ledger": {"vocabulary", "records"},
    "product": {"vocabulary", "records", "protocol"},
    "sources": {"vocabulary", "records", "protocol"},
    "physiology": {"vocabulary", "records", "protocol"},
    "cohort": {"vocabulary", "records", "protocol"},
    "estimators": {"vocabulary", "protocol", "cohort"},
    "sensitivity": {"vocabulary", "protocol", "cohort", "estimators"},
    "verdict": {"vocabulary", "protocol"},
    "study": {
        "vocabulary",
        "protocol",
        "records",
        "product",
        "cohort",
        "estimators",
        "sensitivity",
        "verdict",
    },
    "design": {
        "vocabulary",
        "records",
        "protocol",
        "physiology",
        "cohort",
        "estimators",
        "sensitivity",
        "verdict",
        "study",
    },
    "report": {"vocabulary", "verdict"},
    "bedside": {"vocabulary", "records", "protocol", "ledger", "product", "sources", "study", "report"},
    "cli": {
        "vocabulary",
        "records",
        "protocol",
        "ledger",
        "product",
        "sources",
        "physiology",
        "cohort",
        "study",
        "design",
        "report",
        "bedside",
        "verdict",
        "estimators",
        "sensitivity",
    },
}
MODULES = sorted(SRC.rglob("*.py"))


def room_of(module):
    """Package a module belongs to; "onearm" for the top itself."""
    parts = module.relative_to(SRC).with_suffix("").parts
    return "onearm" if parts == ("__init__",) else parts[0]


def imported(module):
    """(line, dotted name) of everything of ours that a module imports, wherever in the file it stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name.split(".")[0] == "onearm")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            if node.module and node.module.split(".")[0] == "onearm":
                yield from ((node.lineno, f"{node.module}.{a.name}") for a in node.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.relative_to(SRC).as_posix())
def test_a_room_imports_only_what_the_table_allows(module):
    room = room_of(module)
    assert room == "onearm" or room in MAY_IMPORT, f"{room} is not in the table"
    for line, name in imported(module):
        target = name.split(".")[1]
        if target in ("__version__", room, "results") or name == "onearm":
            continue
        allowed = MAY_IMPORT.get(room, set())
        assert target in allowed, f"{module.relative_to(SRC)}:{line}: {room} may not import {target}"


def test_estimators_never_see_records_and_reports_never_see_an_analysis_set():
    for module in MODULES:
        names = {name for _, name in imported(module)}
        if room_of(module) in ("estimators", "sensitivity"):
            assert not any(n.startswith("onearm.records") for n in names), module
        if room_of(module) == "report":
            assert not any(n.startswith("onearm.cohort") for n in names), module
        if room_of(module) == "estimators":
            cohort = {n for n in names if n.startswith("onearm.cohort")}
            allowed = ("onearm.cohort.analysis_set", "onearm.cohort.marker_courses")
            assert all(n.startswith(allowed) for n in cohort), module


def test_only_design_and_physiology_know_the_truth():
    for module in MODULES:
        if room_of(module) not in ("physiology", "design"):
            assert not any(n.startswith("onearm.physiology.truth") for _, n in imported(module)), module


#: rooms of the two generators that know the disease; `tables` and the modules beside them are shared
HOSTS = ("host", "hospital")
SIMPLE = ("simple",)


def test_the_two_generators_share_nothing_of_the_disease():
    for own, other in ((HOSTS, SIMPLE), (SIMPLE, HOSTS), (("tables",), (*HOSTS, *SIMPLE))):
        for module in (m for room in own for m in sorted((SRC / "physiology" / room).glob("*.py"))):
            names = {name.split(".")[2] for _, name in imported(module) if name.startswith("onearm.physiology.")}
            assert not names & set(other), f"{module.name} imports {names & set(other)}"


def test_what_both_generators_share_knows_no_disease():
    for module in sorted((SRC / "physiology").glob("*.py")):
        names = {name.split(".")[2] for _, name in imported(module) if name.startswith("onearm.physiology.")}
        assert not names & {*HOSTS, *SIMPLE}, f"{module.name} imports {names}"


def test_no_two_modules_import_each_other():
    edges = {}
    for module in MODULES:
        name = "onearm." + ".".join(module.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        edges[name] = {n for _, n in imported(module)}
    known = set(edges)

    def targets(name):
        for n in edges[name]:
            yield n if n in known else n.rpartition(".")[0]

    seen, path = set(), []

    def walk(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in seen or name not in known:
            return
        path.append(name)
        for target in targets(name):
            if target != name and not (name.startswith(target + ".")):
                walk(target)
        path.pop()
        seen.add(name)

    for name in sorted(known):
        walk(name)


def test_modules_stay_short_and_say_what_they_are():
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)) or module.name == "__init__.py", f"{module} has no docstring"
        assert text.count("\n") <= 400, f"{module} has {text.count(chr(10))} lines: a concept is hiding in it"
        assert module.stem not in {"utils", "helpers", "manager", "core", "misc", "common"}, module
