import itertools
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.protocol.locks import Act
from onearm.results.problems import StudyProblems
from onearm.sources.locks import NAME, append_lock, hash_of, read_locks
from onearm.sources.study_folder import read_study
from onearm.study.analyse import analyse
from onearm.study.locking import frozen

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def chain(tmp_path):
    for k in range(4):
        append_lock(tmp_path, Act.FREEZE if k % 2 else Act.OPEN_OUTCOMES, {"protocol_sha256": str(k)})
    return tmp_path


def test_what_is_appended_is_read_in_order_and_verifies(chain):
    problems = []
    found = read_locks(chain, problems)
    assert not problems and [e.seq for e in found] == [1, 2, 3, 4]
    assert all(e.hash == hash_of(e) for e in found)
    assert all(b.prev_hash == a.hash for a, b in itertools.pairwise(found))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_edit_drop_and_swap_is_found_and_located(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("chain")
    for k in range(4):
        append_lock(folder, Act.FREEZE, {"protocol_sha256": str(k)})
    lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    k = data.draw(st.integers(0, 2))
    how = data.draw(st.sampled_from(["edit", "drop", "swap", "insert"]))
    if how == "edit":
        entry = json.loads(lines[k])
        entry["values"]["protocol_sha256"] = "forged"
        lines[k] = json.dumps(entry)
    elif how == "drop":
        del lines[k]
    elif how == "swap":
        lines[k], lines[k + 1] = lines[k + 1], lines[k]
    else:
        lines.insert(k, lines[k])
    (folder / NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")
    problems = []
    read_locks(folder, problems)
    assert len(problems) == 1 and problems[0].line in (k + 1, k + 2)


def test_nothing_is_appended_to_a_broken_chain(chain):
    (chain / NAME).write_text("not json\n", encoding="utf-8")
    with pytest.raises(OSError):
        append_lock(chain, Act.FREEZE, {})
    assert (chain / NAME).read_text(encoding="utf-8") == "not json\n"


def test_a_study_with_a_broken_chain_is_refused(tmp_path):
    study = tmp_path / "study"
    shutil.copytree(EXAMPLES / "stanford-heart", study)
    (study / NAME).write_text("{}\n", encoding="utf-8")
    with pytest.raises(StudyProblems, match=r"locks.jsonl, 1 problem"):
        read_study(study)


def gate_12(study):
    return next(g for g in analyse(read_study(study)).gates if g.id == "G12")


def test_pre_specified_is_earned_by_the_order_of_events(tmp_path):
    study = tmp_path / "study"
    shutil.copytree(EXAMPLES / "stanford-heart", study, ignore=shutil.ignore_patterns(NAME))
    assert not gate_12(study).passed and gate_12(study).value == "none located"
    append_lock(study, Act.FREEZE, frozen(read_study(study)))
    append_lock(study, Act.OPEN_OUTCOMES, {})
    assert gate_12(study).passed
    protocol = study / "study.toml"
    protocol.write_text(protocol.read_text().replace("horizon_days = 28", "horizon_days = 60"))
    assert not gate_12(study).passed  # another plan than the one that was frozen
    append_lock(study, Act.FREEZE, frozen(read_study(study)))
    assert not gate_12(study).passed  # frozen after outcomes were read
