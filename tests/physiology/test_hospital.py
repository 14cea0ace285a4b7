"""The virtual hospital: sound records, nothing moved by who is there, the twin differing by the treatment alone."""

import ast
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from onearm import physiology
from onearm.physiology.hospital import draw_hospital, draw_records
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.world import World
from onearm.physiology.world_file import read_world
from onearm.product.checks import check_product
from onearm.protocol.rulebook import default_rulebook
from onearm.records import Provenance, check_records, read_records, write_records
from onearm.results.problems import StudyProblems

SMALL = World(patients=60, containers=8, treat_per_day=0.1)
STRONG = Efficacy(5.0, "none: a test", "so that it is seen")
COURSE = ("death_day", "extubation_day", "leaving_day")


def drawn(world=SMALL, **changes):
    return draw_hospital(world, **{"seed": 3, "purpose": Purpose.METHOD_VALIDATION, **changes})


@pytest.fixture(scope="module")
def trial():
    return drawn()


def test_every_table_keeps_every_rule_and_speaks_of_nobody_real(trial):
    records, _ = trial
    assert records.provenance is Provenance.VIRTUAL
    assert check_records(records) == ()
    found = {f.rule for f in check_product(records, default_rulebook()) if f.severity != "inform"}
    assert found == set()
    assert records["subjects"].height == 60 and records["infusions"].height == 8
    assert records["subjects"]["subject_id"].str.contains(r"^V0[1-6]-\d{3}").all()
    assert set(records["measurements"]["marker"]) >= {
        "crp",
        "il6",
        "ferritin",
        "t_cd3",
        "b_cd19",
        "pf_ratio",
        "sofa_total",
    }


def test_the_records_survive_files(trial, tmp_path):
    write_records(trial[0], tmp_path)
    assert read_records(tmp_path, provenance="virtual").sha256() == trial[0].sha256()


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(trial):
    for threads in (1, 2, 7):
        records, truth = drawn(threads=threads)
        assert records.sha256() == trial[0].sha256()
        assert truth.people.equals(trial[1].people)
    assert drawn(seed=4)[0].sha256() != trial[0].sha256()
    assert drawn(trial=1)[0].sha256() != trial[0].sha256()


def test_cells_that_do_nothing_leave_everybody_as_the_untreated_twin(trial):
    people = trial[1].people
    assert people["infused_day"].is_not_null().sum() == 8 and trial[1].emax == 0
    for name in COURSE:
        assert people[name].equals(people[f"untreated_{name}"], null_equal=True), name


def test_cells_that_act_move_the_treated_only():
    world = replace(SMALL, efficacy=STRONG, patients=200, containers=40)
    _, truth = drawn(world)
    people, still = truth.people, drawn(replace(world, efficacy=None))[1].people
    never = people["infused_day"].is_null()
    assert truth.emax == 5 and never.sum() == 160
    for name in COURSE:
        assert people.filter(never)[name].equals(still.filter(never)[name], null_equal=True)
        assert people[f"untreated_{name}"].equals(still[name], null_equal=True)
    moved = [not people.filter(~never)[n].equals(still.filter(~never)[n], null_equal=True) for n in COURSE]
    assert any(moved)


def test_another_patient_moves_nobody(trial):
    more = drawn(replace(SMALL, patients=61, containers=0))[1].people
    fewer = drawn(replace(SMALL, containers=0))[1].people
    assert more[:60].equals(fewer, null_equal=True)


def test_without_a_purpose_nothing_is_drawn():
    with pytest.raises(TypeError):
        draw_hospital(SMALL, seed=1)
    with pytest.raises(TypeError, match="METHOD_VALIDATION"):
        draw_hospital(SMALL, seed=1, purpose="method_validation")
    with pytest.raises(ValueError, match="prediction"):
        draw_records(SMALL, seed=1, purpose="prediction")
    title = drawn(purpose=Purpose.TEACHING)[0]["sources"]["title"][0]
    assert "for teaching" in title and SMALL.sha256[:12] in title


def test_who_is_less_ill_is_treated_when_the_world_says_so():
    def gap(**changes):
        world = World(patients=400, containers=None, treat_per_day=0.03, **changes)
        people = drawn(world)[1].people
        treated = people["infused_day"].is_not_null()
        name = "severity" if changes.get("severity") == "hidden" else "measured"
        return people.filter(treated)[name].mean() - people.filter(~treated)[name].mean()

    assert gap(gamma=-1.5) < gap() - 0.15
    assert gap(gamma=-1.5, severity="hidden") < -0.01


def test_nobody_is_treated_before_the_offer_or_after_the_bags_are_gone():
    records, truth = drawn(replace(SMALL, offer_from_days=5, containers=3))
    days = truth.people["infused_day"].drop_nulls()
    assert len(days) == 3 and days.min() >= 5
    assert (records["treatment_decisions"]["reason"] == "no_product").any()


def test_the_dead_are_measured_no_more_and_the_lock_cuts(trial):
    records, _ = trial
    died = records["outcomes"].filter(pl.col("kind") == "died").select("subject_id", died_at="occurred_at")
    later = records["measurements"].join(died, on="subject_id").filter(pl.col("collected_at") > pl.col("died_at"))
    assert died.height > 5 and later.is_empty()
    early = drawn(replace(SMALL, data_lock=SMALL.first_entry.replace(month=4, day=24)))[0]
    assert early["outcomes"].filter(pl.col("kind") == "died").height < died.height


def test_a_world_in_a_file_is_read_or_refused_with_all_that_is_wrong(tmp_path):
    path = tmp_path / "world.toml"
    path.write_text(
        'schema = "onearm.world/1"\n[world]\npatients = 60\ngamma = -0.5\n[parameters]\ntempo = 0.3\n'
        '[efficacy]\nemax = 1\nsource = "none"\nrationale = "a test"\n',
        encoding="utf-8",
    )
    world = read_world(path)
    assert (world.patients, world.gamma, world.efficacy.emax) == (60, -0.5, 1)
    assert world.parameters.medians[world.parameters.column("tempo")] == 0.3
    wrong = (
        'schema = "x"\n[world]\npatients = "60"\nage = 3\n[parameters]\ntempo = "fast"\n[efficacy]\nemax = 1\n[more]\n'
    )
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(StudyProblems) as told:
        read_world(path)
    assert len(told.value.problems) == 6
    for text, part in (("[parameters]\ntempo = 3\n", "tempo"), ("[world]\nlag_days = -1\n", "lag_days")):
        path.write_text(f'schema = "onearm.world/1"\n{text}', encoding="utf-8")
        with pytest.raises(StudyProblems, match=part):
            read_world(path)


def test_the_shipped_scenario_is_read():
    folder = Path(__file__).parents[2] / "examples" / "virtual-hospital"
    assert read_world(folder / "world.toml").efficacy is None


def test_nothing_here_takes_the_record_of_a_patient():
    """No public function can be handed records to predict from: the constructors take drawn patients only."""
    for path in sorted(Path(physiology.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                for argument in (*node.args.args, *node.args.kwonlyargs):
                    told = ast.unparse(argument.annotation) if argument.annotation else ""
                    assert "Records" not in told and argument.arg not in ("records", "subjects"), (
                        f"{path.name} {node.name}"
                    )
