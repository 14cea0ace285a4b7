"""The catalogue holds what pages, forms and refusals ask for, in both languages, every blank is filled, and no more.

What is asked for is read from the source: constants and f-strings of Python, `t(...)` and `word(...)` of templates.
A key that is put together while the app runs is listed under its pattern in PATTERNS with all it can become.
"""

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from string import Formatter

import dataframely as dy
import pytest
from jinja2 import Environment, nodes

import onearm.bedside
from onearm.bedside import waiting
from onearm.bedside.acts.registry import ACTS
from onearm.bedside.identity.passwords import Weakness
from onearm.bedside.judging import Judgement
from onearm.bedside.language import LANGUAGES, catalogue, say, word
from onearm.bedside.navigation import PAGES
from onearm.bedside.remedies import remedy_in, spanish_remedies
from onearm.ledger.entry import Action
from onearm.ledger.signing import SignatureState
from onearm.ledger.system_tables import ROLES
from onearm.ledger.tables import SCHEMAS
from onearm.product.container_state import NOT_MADE
from onearm.product.delivered import BASES
from onearm.product.lot_status import LotStatus
from onearm.records.custody import STATES, TRANSITIONS
from onearm.vocabulary.markers import MARKERS

FOLDER = Path(onearm.bedside.__file__).parent
OWN_WORDS = FOLDER / "labels"  # labels have a catalogue of their own
CALLS = {"say": 1, "Refusal": 0, "Denied": 0, "_Fault": 0, "FieldFault": 1, "_refused": 2}  # where the key stands
FAMILIES = {key.split(".")[0] for key in catalogue()}
KEY = re.compile(r"[a-z_]+\.[\w.*-]*[^\W_]|[a-z_]+\.[\w.*-]*\*")  # no part of an f-string
FILES = (".html", ".toml", ".css", ".js", ".txt", ".csv")
SIGNED = [act for act in ACTS.values() if act.meaning]


@dataclass(frozen=True)
class Asked:
    """A key, with `*` for what is known only when it runs; `told`: names of the values it gets, None: not known."""

    key: str
    told: frozenset[str] | None
    where: str


def texts(node, assigned=None):
    """Every text an expression of Python can become."""
    assigned = assigned or {}
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp():
            return texts(node.body, assigned) + texts(node.orelse, assigned)
        case ast.JoinedStr():
            return ["".join(p.value if isinstance(p, ast.Constant) else "*" for p in node.values)]
        case ast.Name() if node.id in assigned:
            return texts(assigned[node.id])
        case _:
            return []


def assigned_in(tree):
    """What each name is last set to."""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    return {n.targets[0].id: n.value for n in found}


def names_of(call, assigned):
    """Names of the values a call fills in; None where they come from elsewhere."""
    given = [{k.arg} if k.arg else keys_of(k.value, assigned) for k in call.keywords]
    return None if None in given else frozenset().union(*given)


def keys_of(node, assigned, answers=None):
    """Keys of a literal dict, through a name and `**`; None for another."""
    match node:
        case ast.Name(id="answers") if answers is not None:
            return frozenset(answers)
        case ast.Name() if node.id in assigned:
            return keys_of(assigned[node.id], {}, answers)
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            found = [set(texts(key)) if key is not None else keys_of(value, assigned, answers) for key, value in pairs]
            return None if None in found else frozenset().union(*found)
        case _:
            return None


def asked_by_python():
    for path in sorted(FOLDER.rglob("*.py")):
        if OWN_WORDS in path.parents:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
            assigned = assigned_in(function)
            for call in [n for n in ast.walk(function) if isinstance(n, ast.Call)]:
                yield from _asked_by_call(call, assigned, path)
        for node in ast.walk(tree):  # keys that are handed on before they are said
            for text in texts(node) if isinstance(node, ast.Constant | ast.JoinedStr) else ():
                if text.split(".")[0] in FAMILIES and KEY.fullmatch(text) and not text.endswith(FILES):
                    yield Asked(text, None, f"{path.name}:{node.lineno}")


def _asked_by_call(call, assigned, path):
    name, where = getattr(call.func, "id", None), f"{path.name}:{call.lineno}"
    if name == "word" and len(call.args) > 1:
        yield from (Asked(f"{kind}.*", None, where) for kind in texts(call.args[1]))
    if name not in CALLS or len(call.args) <= CALLS[name]:
        return
    told = keys_of(call.args[2], assigned) if name == "FieldFault" else names_of(call, assigned)
    for key in texts(call.args[CALLS[name]], assigned):
        key = f"problem.{key}" if name == "_refused" and "." not in key else key
        yield Asked(key, told, where)


def asked_by_templates():
    for path in sorted(FOLDER.rglob("*.html")):
        tree = Environment().parse(path.read_text(encoding="utf-8"))
        loops = {
            loop.target.name: [item.value for item in loop.iter.items]
            for loop in tree.find_all(nodes.For)
            if isinstance(loop.target, nodes.Name) and isinstance(loop.iter, nodes.Tuple | nodes.List)
        }
        for call in tree.find_all(nodes.Call):
            name, where = getattr(call.node, "name", None), f"{path.name}:{call.lineno}"
            if name == "t":
                told = frozenset(k.key for k in call.kwargs)
                yield from (Asked(key, told, where) for key in written(call.args[0], loops) if key != "*")
            if name == "word":
                kinds = [kind for kind in written(call.args[0], loops) if kind != "*"]
                yield from (Asked(f"{kind}.*", None, where) for kind in kinds)


def written(node, loops):
    """Every text an expression of a template can become, `*` for what is not known."""
    match node:
        case nodes.Const():
            return [str(node.value)]
        case nodes.CondExpr():
            return written(node.expr1, loops) + written(node.expr2, loops)
        case nodes.Concat():
            return ["".join(parts) for parts in product(*(written(part, loops) for part in node.nodes))]
        case nodes.Name() if node.name in loops:
            return loops[node.name]
        case _:
            return ["*"]


def constants_of(path, name):
    """What the first argument of a call can be, all over a file."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == name]
    assigned = assigned_in(tree)
    return {text for call in calls for text in texts(call.args[0], assigned)}


def stored_values():
    """Every value that a column or a field takes from a list."""
    found = {choice for act in ACTS.values() for f in act.fields for choice in f.choices}
    for schema in SCHEMAS.values():
        for column in schema.columns().values():
            if isinstance(column, dy.Enum):
                found |= set(column.categories)
            elif column.metadata and "values" in column.metadata:
                found |= set(column.metadata["values"])
    return found - set(MARKERS)  # markers have their titles in the marker dictionary


PATTERNS = {
    "act.*.title": [f"act.{name}.title" for name in ACTS],
    "act.*.button": [f"act.{name}.button" for name in ACTS],
    "act.*.statement": [f"act.{act.id}.statement" for act in SIGNED],
    "field.*": sorted({f"field.{f.name}" for act in ACTS.values() for f in act.fields}),
    "page.*": [f"page.{path[1:]}" for path in PAGES],
    "waiting.*": sorted(f"waiting.{kind}" for kind in constants_of(waiting.__file__, "Waiting")),
    "findings.*": [f"findings.{severity.name}" for severity in fields(Judgement)],
    "weak.*": [f"weak.{weakness.value}" for weakness in Weakness],
    "fault.time_*": sorted(f"fault.time_{why}" for why in constants_of(FOLDER / "language.py", "NoSuchTime")),
    "problem.*": [],  # what `_refused` is called with
    "choice.*": sorted(f"choice.{value}" for value in stored_values()),
    "role.*": [f"role.{role}" for role in ROLES],
    "state.*": [f"state.{state}" for state in (*STATES, NOT_MADE)],
    "event.*": [f"event.{event}" for event in TRANSITIONS],
    "status.*": [f"status.{status.value}" for status in LotStatus],
    "basis.*": [f"basis.{basis}" for basis in BASES],
    "entry.*": [f"entry.{action.value}" for action in Action],
    "signature.*": [f"signature.{state.value}" for state in SignatureState],
    "audit.*": ["audit.since", "audit.until"],  # the filters that can be misread
    "marker.*": [],  # titles of the marker dictionary
}
USES = [*asked_by_python(), *asked_by_templates()]
ASKED = {key for use in USES for key in (PATTERNS.get(use.key, []) if "*" in use.key else [use.key])}


def blanks(text):
    """Names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def told_by(act):
    """What the act tells the sentence that is signed, read from its source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(act.build)))
    assigned = assigned_in(tree)
    told = set()
    for call in [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "Plan"]:
        for keyword in [k for k in call.keywords if k.arg == "statement"]:
            keys = keys_of(keyword.value, assigned, [f.name for f in act.fields])
            assert keys is not None, f"{act.id}: write the statement as a dict, so that this test can read it."
            told |= keys
    return told


def test_every_pattern_of_keys_is_known():
    unknown = {use.key: use.where for use in USES if "*" in use.key and use.key not in PATTERNS}
    assert not unknown, "add them to PATTERNS with every key they can become"


def test_every_text_that_is_asked_for_stands_in_the_catalogue():
    where = {use.key: use.where for use in USES}
    missing = [f"{key} ({where.get(key, 'by a pattern')})" for key in sorted(ASKED - set(catalogue()))]
    assert not missing, "\n".join(missing)


def test_nothing_stands_in_the_catalogue_that_nobody_asks_for():
    assert sorted(set(catalogue()) - ASKED) == []


@pytest.mark.parametrize("key", catalogue())
def test_every_text_stands_in_both_languages_with_the_same_blanks(key):
    said = catalogue()[key]
    assert set(said) == set(LANGUAGES)
    for text in said.values():
        assert text and text == " ".join(text.split())
        assert all(name.isidentifier() for name in blanks(text))
    assert blanks(said["en"]) == blanks(said["es"])
    assert said["en"] != said["es"] or len(said["en"].split()) < 4, "Spanish is still English"


def test_every_blank_is_filled_by_whoever_asks():
    for use in USES:
        if use.told is not None and use.key in catalogue():
            missing = blanks(catalogue()[use.key]["en"]) - use.told
            assert not missing, f"{use.where}: {use.key} has no value for {', '.join(sorted(missing))}"


@pytest.mark.parametrize("act", [pytest.param(act, id=act.id) for act in SIGNED])
def test_a_signed_sentence_says_what_its_act_tells_and_nothing_else(act):
    sentence, told = catalogue()[f"act.{act.id}.statement"], told_by(act)
    assert blanks(sentence["en"]) <= told, "would be signed with braces in it"
    together = {other.id for other in SIGNED if other.build.__code__ is act.build.__code__}
    said = set().union(*(blanks(catalogue()[f"act.{name}.statement"]["en"]) for name in together))
    assert told <= said, "the act tells what no sentence says"
    assert all(text.endswith(".") for text in sentence.values())


def test_no_act_is_taken_for_another():
    for language in LANGUAGES:
        titles = [say(language, f"act.{name}.title") for name in ACTS]
        assert len(set(titles)) == len(titles)


def test_buttons_are_short():
    for name in ACTS:
        for text in catalogue()[f"act.{name}.button"].values():
            assert len(text) <= 40 and not text.endswith(".")


def test_a_marker_is_called_by_its_title_and_a_stored_value_never_by_its_code():
    assert word("es", "marker", "crp") == MARKERS["crp"].title_es
    assert word("en", "choice", "central_venous") == "central vein"
    assert [v for v in stored_values() for language in LANGUAGES if "_" in word(language, "choice", v)] == []


def advised_by(node):
    """Texts an expression may give; what is put in is `{}`."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp():
            return advised_by(node.body) + advised_by(node.orelse)
        case ast.JoinedStr():
            return ["".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)]
    return []


def remedies_of_the_rules():
    """The last words of every finding in product/ and records/, with the place."""
    found = {}
    for room in ("product", "records"):
        for path in sorted((FOLDER.parent / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "remedy":
                    found |= dict.fromkeys(advised_by(node.value), f"{path.name}:{node.lineno}")
                if isinstance(node, ast.Constant) and re.match(
                    "[A-Z].*\\?$", str(node.value)
                ):  # a question in a table of rules
                    found[node.value] = f"{path.name}:{node.lineno}"
                if isinstance(node, ast.Call) and re.search(r"(Wording|inding)$", ast.unparse(node.func)) and node.args:
                    given = next((k.value for k in node.keywords if k.arg == "remedy"), node.args[-1])
                    found |= dict.fromkeys(advised_by(given), f"{path.name}:{node.lineno}")
    return {text: where for text, where in found.items() if not re.match("(La|Con la) orden ", text)}


#: what rules put into their advice: a limit, or a table and a column
PUT_IN = (("at least 72 h after the dose before", ""), ("lots", "lot_id"))


def test_every_advice_of_a_rule_is_said_in_spanish():
    rules = remedies_of_the_rules()
    given = {text: [text.format(*told) for told in PUT_IN] for text in rules}
    assert [
        f"{rules[text]}: {text}" for text, told in given.items() if all(remedy_in("es", x) == x for x in told)
    ] == []
    assert len(rules) > 60
    said = {remedy_in("es", one) for told in given.values() for one in told}
    for english, spanish in spanish_remedies().items():
        assert blanks(english) == blanks(spanish)
        filled = {spanish.format(table="lots", column=c, hours="72") for c in ("lot_id", "lots")}
        assert filled & said, f"no rule says: {english}"
