"""What a user types: every command, its files, its mistakes."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
ISRAEL = EXAMPLES / "balmys19" / "comparators" / "israel"


def onearm(*args, cwd=ROOT, code=0, **env):
    """Run the command as a user does; the exit code must be `code`."""
    command = [sys.executable, "-W", "error", "-c", "from onearm.cli import main; main()", *map(str, args)]
    done = subprocess.run(
        command, check=False, cwd=cwd, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100", **env}
    )
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    return onearm("appraise", EXAMPLES / "balmys19", "--out", out), out


def test_appraise_writes_its_files_and_names_the_page(demo):
    done, out = demo
    assert set(hashes(out)) == {"results.json", "verdict.html", "verdict.pdf", "reporting.html"}
    assert f"Page: {out}/verdict.html" in done.stdout
    assert json.loads((out / "results.json").read_text())["verdict"]["level"] == "L1"


def test_the_terminal_tells_the_verdict_the_figures_and_the_wrong_sentences(demo):
    said = " ".join(demo[0].stdout.split())
    for told in (
        "Level L1 of L0 to L4: describes, no more",
        "Two of 13 had died and four were unresolved",
        "2/13 15.4 % 1.9 to 45.4 %",
        "6/13 46.2 % 19.2 to 74.9 %",
        "n 211 24.1 %",
        "11 supported, 5 wrong, 22 cannot be assessed",
        "wrong c04",
        "wrong n06",
        "Not a medical device",
    ):
        assert told in said


def test_the_same_inputs_and_seed_give_the_same_bytes(demo, tmp_path):
    onearm("appraise", EXAMPLES / "balmys19", "--out", tmp_path)
    assert hashes(tmp_path) == hashes(demo[1])


def test_records_give_the_same_bytes_whatever_the_threads(tmp_path):
    for threads in ("1", "2"):
        told = ("--out", tmp_path / threads, "--no-pdf")
        onearm("analyse", EXAMPLES / "virtual-balmys", *told, POLARS_MAX_THREADS=threads)
    assert hashes(tmp_path / "1") == hashes(tmp_path / "2")


def test_spanish_speaks_spanish(tmp_path):
    done = onearm("appraise", EXAMPLES / "balmys19", "--out", tmp_path, "--lang", "es", "--no-pdf")
    assert "Dos de 13 habían muerto y cuatro seguían sin resolver" in " ".join(done.stdout.split())
    assert '<html lang="es">' in (tmp_path / "verdict.html").read_text(encoding="utf-8")
    assert not (tmp_path / "verdict.pdf").exists()


def test_results_do_not_depend_on_the_language_of_the_page(demo, tmp_path):
    onearm("appraise", EXAMPLES / "balmys19", "--out", tmp_path, "--lang", "es", "--no-pdf")
    assert hashes(tmp_path)["results.json"] == hashes(demo[1])["results.json"]


@pytest.mark.parametrize("example", ["balmys19", "remestemcel", "stanford-heart", "virtual-balmys"])
def test_check_finds_no_problem_in_the_examples(example):
    assert "no problems found" in onearm("check", EXAMPLES / example).stdout


@pytest.mark.parametrize("command", ["appraise", "analyse", "check"])
def test_all_problems_are_told_at_once_and_nothing_is_written(command, tmp_path):
    study, out = tmp_path / "study", tmp_path / "out"
    shutil.copytree(EXAMPLES / "balmys19", study)
    protocol, reported = study / "study.toml", study / "reported.toml"
    protocol.write_text(protocol.read_text().replace("horizon_days = 28", "horizon_dais = 28"))
    reported.write_text(reported.read_text().replace("n = { value = 13", "n = { value = 5"))
    done = onearm(command, study, *(() if command == "check" else ("--out", out)), code=1)
    assert "study.toml, 1 problem; nothing was written." in done.stderr
    assert "Did you mean horizon_days?" in done.stderr
    assert "reported.toml" in done.stderr and "n = 5" in done.stderr
    assert done.stdout == "" and not out.exists()


def test_analyse_without_records_and_appraise_without_a_series_say_what_to_run(tmp_path):
    assert "onearm appraise" in onearm("analyse", EXAMPLES / "balmys19", "--out", tmp_path / "o", code=1).stderr
    assert "onearm analyse" in onearm("appraise", EXAMPLES / "stanford-heart", "--out", tmp_path / "o", code=1).stderr
    assert not (tmp_path / "o").exists()


def test_a_new_study_can_be_checked_and_appraised_as_it_is(tmp_path):
    onearm("new", tmp_path / "mine")
    assert "level L0 for want of" in onearm("check", tmp_path / "mine").stdout
    said = onearm("appraise", tmp_path / "mine", "--out", tmp_path / "out", "--no-pdf").stdout
    assert "cannot be assessed" in said
    assert "is not empty" in onearm("new", tmp_path / "mine", code=1).stderr


def test_import_counts_rows_and_adds_nothing_twice(tmp_path):
    args = ("import", ISRAEL / "israel_covid_hospitalised.csv", "--mapping", ISRAEL / "mapping.toml", "--out", tmp_path)
    assert "2,675 rows in = 2,675 stored + 0 refused" in onearm(*args).stdout
    before = hashes(tmp_path / "records")
    assert "subjects: 2,675 rows, 0 new" in onearm(*args).stdout
    assert hashes(tmp_path / "records") == before


def test_a_refused_row_stores_nothing_unless_partial_is_accepted(tmp_path):
    raw = (ISRAEL / "israel_covid_hospitalised.csv").read_text(encoding="utf-8").splitlines()
    broken = raw[1].replace("Male", "Mal").replace("Female", "Femal")
    (tmp_path / "israel_covid_hospitalised.csv").write_text("\n".join([raw[0], broken, *raw[2:10]]) + "\n")
    args = ("import", tmp_path / "israel_covid_hospitalised.csv", "--mapping", ISRAEL / "mapping.toml")
    done = onearm(*args, "--out", tmp_path / "all", code=1)
    assert "line 2" in done.stdout and "nothing was stored" in done.stdout
    assert not (tmp_path / "all" / "records").exists()
    done = onearm(*args, "--out", tmp_path / "some", "--accept-partial")
    assert "9 rows in = 8 stored + 1 refused" in done.stdout
    assert len((tmp_path / "some" / "refused.csv").read_text().splitlines()) == 2


def test_suggest_drafts_a_mapping(tmp_path):
    said = onearm("import", "--suggest", ISRAEL / "israel_covid_hospitalised.csv").stdout
    assert 'schema = "onearm.mapping/1"' in said


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("import", "nothing.csv"), "--mapping"),
        (("import", "nothing.csv", "--mapping", "m.toml", "--out", "x"), "nothing.csv"),
        (("import", "--suggest", "nothing.csv"), "nothing.csv"),
        (("appraise", "nowhere", "--out", "x"), "nowhere"),
        (("appraise", "nowhere"), "--out"),
        (("apraise",), "appraise"),
    ],
)
def test_slips_get_a_plain_answer(args, told, tmp_path):
    command = [sys.executable, "-c", "from onearm.cli import main; main()", *args]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert told in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_a_file_is_told(tmp_path):
    (tmp_path / "out").write_text("mine")
    done = onearm("appraise", EXAMPLES / "remestemcel", "--out", tmp_path / "out", "--no-pdf", code=1)
    assert "out" in done.stderr and (tmp_path / "out").read_text() == "mine"


def test_without_the_libraries_of_the_pdf_the_page_is_written_and_the_message_says_what_to_install(tmp_path):
    block = (
        "import sys; sys.modules['weasyprint'] = None\n"
        "import builtins; real = builtins.__import__\n"
        "def no(name, *a, **k):\n"
        "    if name.startswith('weasyprint'): raise OSError('cannot load library libpango-1.0-0')\n"
        "    return real(name, *a, **k)\n"
        "builtins.__import__ = no\n"
        "from onearm.cli import main; main()\n"
    )
    command = [sys.executable, "-c", block, "appraise", str(EXAMPLES / "remestemcel"), "--out", str(tmp_path)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(hashes(tmp_path)) == {"results.json", "verdict.html", "reporting.html"}
    assert "apt-get install" in " ".join(done.stderr.split())


def test_calibrate_goes_on_where_it_stopped_and_tells_each_target(tmp_path):
    file = tmp_path / "calibration.jsonl"
    first = onearm("calibrate", file, "--cells", "S0/*/13/150", "--trials", "40", "--workers", "1")
    assert "targets met" in first.stdout and "S0/same_cohort/13/150" in first.stdout
    before = file.read_text()
    again = onearm("calibrate", file, "--cells", "S0/*/13/150", "--trials", "40", "--markdown", tmp_path / "t.md")
    assert file.read_text() == before and again.stdout == first.stdout
    assert (tmp_path / "t.md").read_text().startswith("| cell |")
    wrong = onearm("calibrate", file, "--cells", "S77", code=1)
    assert "S77 matches no cell" in wrong.stderr
    other = onearm("calibrate", file, "--cells", "S0/*/13/150", "--trials", "40", "--seed", "2", code=1)
    assert "seed" in other.stderr


def test_import_onearm_loads_nothing_heavy():
    code = (
        "import sys, onearm; print([m for m in sys.modules if m.split('.')[0] in ('polars', 'numpy', 'scipy', 'rich')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version_is_told():
    assert onearm("--version").stdout.startswith("onearm 0.1.0")


def test_lock_before_the_first_reading_is_told_and_after_it_too(tmp_path):
    study = tmp_path / "study"
    shutil.copytree(EXAMPLES / "stanford-heart", study, ignore=shutil.ignore_patterns("locks.jsonl"))
    assert "before any outcome was read" in onearm("lock", study).stdout
    onearm("analyse", study, "--out", tmp_path / "one", "--no-pdf")
    onearm("analyse", study, "--out", tmp_path / "two", "--no-pdf")
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert len((study / "locks.jsonl").read_text().splitlines()) == 2
    assert "exploratory" in onearm("lock", study).stdout
    assert "no records/" in onearm("lock", EXAMPLES / "balmys19", code=1).stderr


def test_simulate_writes_study_folders_that_check_and_say_what_they_were_drawn_for(tmp_path):
    scenario = EXAMPLES / "virtual-hospital"
    told = ("--purpose", "method_validation", "--trials", "2", "--seed", "4")
    done = onearm("simulate", scenario, *told, "--out", tmp_path / "a", "--threads", "1")
    assert "nobody" in done.stdout and "are assumptions" in done.stdout
    onearm("simulate", scenario, *told, "--out", tmp_path / "b", "--threads", "2")
    for trial in ("trial-0001", "trial-0002"):
        one, two = tmp_path / "a" / trial, tmp_path / "b" / trial
        assert hashes(one / "records") == hashes(two / "records")
        assert "no problems" in onearm("check", one).stdout
    assert "for method_validation" in (one / "records" / "sources.csv").read_text(encoding="utf-8")


def test_simulate_asks_for_a_purpose_and_a_scenario(tmp_path):
    missing = onearm("simulate", EXAMPLES / "virtual-hospital", "--out", tmp_path, code=2)
    assert "--purpose" in missing.stderr
    wrong = onearm("simulate", EXAMPLES / "virtual-hospital", "--purpose", "benefit", "--out", tmp_path, code=2)
    assert "sampling_plan" in wrong.stderr
    told = ("--purpose", "teaching", "--out", tmp_path / "x")
    assert "world.toml" in onearm("simulate", EXAMPLES / "balmys19", *told, code=1).stderr
    assert not (tmp_path / "x").exists()


def test_simulate_lists_every_parameter_with_its_standing():
    lines = onearm("simulate", "--parameters").stdout.splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| symbol")]
    assert len(rows) > 70 and all(len(row.split(" | ")) == 8 for row in rows)
    assert sum(" | assumption | " in row for row in rows) == int(lines[4].split(" of ")[0])


def test_simulate_shows_the_trial_that_was_picked_and_says_so_wherever_it_stands(tmp_path):
    told = ("--purpose", "teaching", "--picked", "--figures", "--out", tmp_path)
    done = onearm("simulate", EXAMPLES / "virtual-balmys", *told)
    assert "Picked, not typical" in done.stdout and "figures of trial 21" in done.stdout
    assert hashes(tmp_path / "trial-0021" / "records") == hashes(EXAMPLES / "virtual-balmys" / "records")
    page = (tmp_path / "virtual.html").read_text(encoding="utf-8")
    assert "Picked, not typical" in page and page.count("VIRTUAL, does not exist") == 13
    refused = onearm("simulate", EXAMPLES / "virtual-hospital", *told, code=1)
    assert "picks no trial" in refused.stderr
    many = onearm("simulate", EXAMPLES / "virtual-balmys", *told, "--trials", "3", code=2)
    assert "--trials" in many.stderr


def test_simulate_writes_entries_that_the_app_can_play(tmp_path):
    told = ("--purpose", "teaching", "--ledger", "--out", tmp_path)
    onearm("simulate", EXAMPLES / "virtual-hospital", *told)
    lines = (tmp_path / "trial-0001" / "ledger.jsonl").read_bytes().count(b"\n")
    rows = sum(len(p.read_bytes().splitlines()) - 1 for p in (tmp_path / "trial-0001" / "records").glob("*.csv"))
    assert lines > rows
