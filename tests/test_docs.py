"""The documentation is tested: every block runs, generated pages are current, nothing is left undescribed."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
from typer.main import get_command

from onearm.cli import app
from onearm.estimators import ESTIMATORS
from onearm.records.tables import TABLES
from onearm.results.encoding import to_json
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse
from onearm.study.appraise import appraise

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language):
    for page in PAGES:
        for k, (name, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            if name == language:
                yield pytest.param(text, id=f"{page.relative_to(ROOT)}:{k}")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder that looks like a checkout, where blocks may write."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


@pytest.mark.parametrize("text", list(blocks("sh")))
def test_shell_blocks_run(text, checkout):
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euc", text], check=False, cwd=checkout, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", list(blocks("python")))
def test_python_blocks_run(text, checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    exec(compile(text, "docs", "exec"), {})


@pytest.mark.parametrize("text", list(blocks("toml")))
def test_toml_blocks_are_toml(text):
    assert tomllib.loads(text)


def generated():
    spec = importlib.util.spec_from_file_location("write_reference", ROOT / "docs" / "write_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ALL


@pytest.mark.parametrize("name", list(generated()))
def test_generated_pages_are_current(name):
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == generated()[name](), "run make docs"


@pytest.mark.parametrize(
    ("run", "example"),
    [(appraise, "balmys19"), (appraise, "remestemcel"), (analyse, "stanford-heart"), (analyse, "virtual-balmys")],
)
def test_results_follow_the_published_schema(run, example):
    schema = json.loads((ROOT / "docs" / "reference" / "results.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    told = json.loads(to_json(run(read_study(ROOT / "examples" / example))))
    jsonschema.validate(told, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**told, "estimates": [{"id": "x"}]}, schema)


def every_word():
    return "\n".join(p.read_text(encoding="utf-8") for p in PAGES)


@pytest.mark.parametrize("name", sorted(get_command(app).commands))
def test_every_command_is_described_and_has_a_runnable_example(name):
    command = get_command(app).commands[name]
    assert f"onearm {name}" in every_word()
    assert re.search(rf"Example:\s+onearm {name} ", command.help), f"{name} has no example in its help"
    for option in command.params:
        assert option.param_type_name == "argument" or option.help, f"{name} {option.name} has no help"


def test_every_estimator_is_described():
    page = (ROOT / "docs" / "reference" / "estimators.md").read_text(encoding="utf-8")
    for estimator in ESTIMATORS:
        assert f"| `{estimator.__name__}` |" in page


def test_every_table_is_described():
    page = (ROOT / "docs" / "reference" / "records.md").read_text(encoding="utf-8")
    assert all(f"\n## {table}\n" in page for table in TABLES)


LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_how_to_says_what_it_cannot_tell():
    for page in sorted((ROOT / "docs" / "how-to").glob("*.md")):
        assert "## What it cannot tell" in page.read_text(encoding="utf-8"), page.name
