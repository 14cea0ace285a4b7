"""What every part must do, over the registries themselves: documented, typed, round trips, refusals with a reason."""

import ast
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from onearm.records import TABLES, Records
from onearm.results.encoding import from_json, to_json
from onearm.results.problems import Problem, StudyProblems
from onearm.results.study_result import StudyResult
from onearm.sources.mapping_file import read_mapping
from onearm.sources.mapping_suggestion import suggest
from onearm.sources.protocol_file import read_protocol
from onearm.sources.publications import read_cohorts, read_sentences, read_trials
from onearm.sources.reported import read_reported
from onearm.sources.similar_cases import read_similar_cases
from onearm.sources.source_description import read_source
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse
from onearm.study.appraise import appraise

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "onearm"
MODULES = sorted(p for p in SRC.rglob("*.py") if p.parent.name != "versions")  # those Alembic writes


def public(tree):
    """Functions, classes and methods without a leading underscore, at the top or in a public class."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (n for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_"))


def is_rule(node):
    """A row rule of a schema: its name is the sentence that must hold. An overload repeats its function."""
    names = {ast.unparse(d).split("(")[0] for d in getattr(node, "decorator_list", [])}
    return bool(names & {"dy.rule", "overload"})


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.relative_to(SRC).as_posix())
def test_everything_public_is_documented_and_typed(module):
    for node in public(ast.parse(module.read_text(encoding="utf-8"))):
        where = f"{module.relative_to(SRC)}:{node.lineno} {node.name}"
        documented = (
            ast.get_docstring(node) or is_rule(node) or (isinstance(node, ast.FunctionDef) and len(node.body) == 1)
        )
        assert documented, f"{where} has no docstring"
        if isinstance(node, ast.FunctionDef):
            assert node.returns is not None, f"{where} does not say what it returns"
            plain = [a for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")]
            assert all(a.annotation for a in plain), f"{where} has an untyped argument"
            assert node.end_lineno - node.lineno <= 75, f"{where} is long: a concept is hiding in it"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_describes_its_columns_and_is_empty_without_rows(name):
    schema = TABLES[name]
    assert schema.__doc__ and "SDTM" in schema.__doc__
    assert all(c.description for c in schema.columns().values())
    assert Records.of({}, provenance="file")[name].is_empty()
    with pytest.raises(StudyProblems, match=name):
        Records.of({name: pl.DataFrame({"nonsense": ["x"]})}, provenance="file")


def collected(reader):
    """Readers that collect problems, as functions that raise them."""

    def read(path):
        problems: list[Problem] = []
        found = reader(path, problems)
        if problems:
            raise StudyProblems(problems)
        return found

    return read


READERS = {
    "study.toml": collected(lambda p, problems: read_protocol(p.parent, problems)),
    "reported.toml": collected(lambda p, problems: read_reported(p.parent, problems)),
    "source.toml": collected(read_source),
    "mapping.toml": read_mapping,
    "published.csv": collected(lambda p, problems: read_cohorts(p, p.name, problems)),
    "trials.csv": collected(lambda p, problems: read_trials(p, p.name, problems)),
    "claims.csv": collected(lambda p, problems: read_sentences(p, p.name, problems)),
    "raw.csv": suggest,
    "similar/": read_similar_cases,
    "study/": read_study,
}


@pytest.mark.parametrize("name", READERS)
def test_every_source_refuses_the_empty_with_a_reason(name, tmp_path):
    path = tmp_path / name
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_text("")
    with pytest.raises(StudyProblems) as refused:
        print(READERS[name](path))
    assert all(p.sentence and p.remedy for p in refused.value.problems)


@pytest.mark.parametrize("name", [n for n in READERS if not n.endswith("/")])
def test_every_source_tells_bytes_that_are_no_text(name, tmp_path):
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x81garbage\x00")
    with pytest.raises(StudyProblems):
        READERS[name](tmp_path / name)


RUNS = [(appraise, "balmys19"), (appraise, "remestemcel"), (analyse, "stanford-heart"), (analyse, "virtual-balmys")]


@pytest.mark.parametrize(("run", "example"), RUNS, ids=lambda v: getattr(v, "__name__", v))
def test_every_result_survives_json(run, example):
    result = run(read_study(ROOT / "examples" / example))
    assert from_json(to_json(result), StudyResult) == result


def stanford(keep):
    """The Stanford study with the subjects that `keep` (an expression on the set of treated ids) leaves."""
    inputs = read_study(ROOT / "examples" / "stanford-heart")
    treated = inputs.records["episodes"]["subject_id"]
    tables = {}
    for name, frame in inputs.records.tables.items():
        tables[name] = frame if "subject_id" not in frame.columns else frame.filter(keep(treated))
    return replace(inputs, records=Records.of(tables, provenance="file"))


def test_one_arm_is_refused_with_a_reason_and_still_described():
    result = analyse(stanford(lambda treated: pl.col("subject_id") == treated[0]))
    figures = {e.id: e for e in result.estimates}
    assert figures["primary.exact.p"].value is None and "control" in figures["primary.exact.p"].remedy
    assert figures["treated.death.so_far"].n == 1
    assert result.verdict.level == "L1" and result.verdict.variant_sentence == "Nothing was given to compare with."


def test_nobody_treated_is_refused_with_a_reason():
    result = analyse(stanford(lambda treated: ~pl.col("subject_id").is_in(treated.to_list())))
    figures = {e.id: e for e in result.estimates}
    assert result.verdict.level == "L0"
    assert figures["treated.death.so_far"].value is None and figures["treated.death.so_far"].remedy


def test_nobody_at_all_is_a_problem_of_the_folder():
    with pytest.raises(StudyProblems, match="no patient has a day zero"):
        analyse(stanford(lambda treated: pl.lit(False)))
