"""A virtual trial in the app: every row stands as it was drawn, its people sign in, and a real study is refused."""

import shutil
from pathlib import Path

import pytest
from test_demo import links_of, signed_in_as

from onearm.bedside.app import create_app
from onearm.bedside.demo_people import people_to_play
from onearm.bedside.serving import demonstration
from onearm.bedside.verifying import checks_of
from onearm.bedside.virtual_ledger import write_virtual_ledger
from onearm.ledger.snapshot import snapshot
from onearm.ledger.verification import verify
from onearm.physiology.hospital.draw import draw_records
from onearm.physiology.hospital.world import World
from onearm.physiology.tables.product_policy import ProductPolicy
from onearm.records import write_records
from onearm.results.problems import StudyProblems
from onearm.sources.protocol_file import read_protocol

SCENARIO = Path(__file__).parents[2] / "examples" / "virtual-hospital"
WORLD = World(patients=30, hospitals=2, treat_per_day=0.3, most_treated=4, product=ProductPolicy((0.2, 0.6, 0.2)))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """Folder and records of a small trial, as simulate writes it with --ledger."""
    folder = tmp_path_factory.mktemp("trial") / "trial-0001"
    folder.mkdir()
    shutil.copy(SCENARIO / "study.toml", folder)
    records = draw_records(WORLD, seed=5, purpose="teaching", protocol=read_protocol(SCENARIO, []))
    write_records(records, folder / "records")
    write_virtual_ledger(folder, records)
    return folder, records


@pytest.fixture(scope="module")
def demo(trial, tmp_path_factory):
    running = demonstration(trial[0], tmp_path_factory.mktemp("demo") / "trial")
    yield running
    running.ledger.close()


def test_every_row_stands_as_it_was_drawn(trial, demo):
    _, records = trial
    with demo.ledger.reading() as view:
        known = snapshot(view).records
    assert records["infusions"].height >= 4 and known.provenance == "virtual"
    for table, frame in records.tables.items():
        if table != "sources":
            left_out = ["version", "entered_at"]
            assert known[table].drop(left_out).equals(frame.drop(left_out)), table


def test_all_that_verify_misses_are_the_signatures_nobody_gave(trial, demo):
    with demo.ledger.reading() as view:
        found = verify(view, checks=checks_of(trial[0]))
    assert {fault.sentence.split(":")[0] for fault in found.faults} == {"P4"}
    assert all("signatures missing" in fault.sentence for fault in found.faults)


def test_its_people_sign_in_and_every_page_they_are_led_to_opens(demo):
    app = create_app(demo)
    app.state.browsers = {}
    people = people_to_play(demo)
    assert {"V01-DOC", "V02-NURSE1", "VPU-QP", "COORD", "READER-1"} <= {p["account"] for p in people}
    for account in ("V01-DOC", "V02-NURSE1", "VPU-QP", "COORD"):
        client = signed_in_as(app, next(p for p in people if p["account"] == account))
        home = client.get("/")
        assert home.status_code == 200 and 'class="virtual"' in home.text
        for link in links_of(home.text)[:12]:
            assert client.get(link).status_code == 200, (account, link)


def test_a_real_study_takes_no_virtual_rows(trial, tmp_path):
    text = (SCENARIO / "study.toml").read_text(encoding="utf-8")
    (tmp_path / "study.toml").write_text(text.replace("virtual = true", "virtual = false"), encoding="utf-8")
    with pytest.raises(StudyProblems, match="real study"):
        write_virtual_ledger(tmp_path, trial[1])
    assert not (tmp_path / "ledger.jsonl").exists()
