"""What the app recorded is what the evidence engine reads: no conversion step, the same bytes by either way."""

import subprocess
import sys
from datetime import timedelta

import pytest
from journey import enrol, iso, whole_course
from ward import sqlite_ward


def onearm(*words):
    """The command, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", "from onearm.cli import main; main()", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The folder of a study run through the app: one treated patient, three untreated, a signed data lock."""
    ward, folder = sqlite_ward(tmp_path_factory.mktemp("study"))
    start = ward.clock.now
    untreated = [enrol(ward) for _ in range(3)]
    ward.clock.now = start + timedelta(hours=1)
    for subject in untreated:
        ward.done(
            "IN1", "decide-treatment", subject, sign=True, decision="do_not_treat", decided_at=iso(ward.clock.now),
            reason="no_product",
        )  # fmt: skip
    whole_course(ward)
    now = ward.clock.now
    ward.done(
        "NU1", "record-outcome", untreated[0], kind="died", occurred_at=iso(start + timedelta(days=12)), cause="lung"
    )
    for subject in untreated[1:]:
        ward.done("NU1", "record-outcome", subject, kind="seen_alive", occurred_at=iso(now))
    ward.done("CO1", "propose-lock", sign=True, purpose="first analysis", restricts_editing=True)
    ward.done("ST1", "sign-lock", "L1", sign=True)
    ward.ledger.close()
    return folder


def test_a_study_run_in_the_app_is_checked_locked_and_analysed_as_it_stands(study, tmp_path):
    assert "no problems found" in (told := onearm("check", study)).stdout, told.stderr
    assert onearm("verify", study).stdout.endswith("sound\n")
    locked = onearm("lock", study)
    assert "before any outcome was read" in locked.stdout, locked.stderr
    first = onearm("analyse", study, "--out", tmp_path / "first", "--no-pdf")
    assert first.returncode == 0, first.stderr
    assert (tmp_path / "first" / "verdict.html").stat().st_size > 10_000

    exported = onearm("export", study, "--out", tmp_path / "files")
    assert "data lock L1" in exported.stdout, exported.stderr
    again = onearm("analyse", tmp_path / "files", "--out", tmp_path / "second", "--no-pdf")
    third = onearm("analyse", study, "--out", tmp_path / "third", "--no-pdf")
    assert again.returncode == third.returncode == 0, again.stderr + third.stderr
    for name in ("results.json", "verdict.html"):
        assert (tmp_path / "second" / name).read_bytes() == (tmp_path / "third" / name).read_bytes()
    assert onearm("verify", study).returncode == 0
