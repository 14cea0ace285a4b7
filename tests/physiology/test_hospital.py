"""The virtual hospital: sound records, nothing moved by who is there, the twin differing by the treatment alone."""

import ast
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from onearm import physiology
from onearm.physiology.hospital import draw as hospital
from onearm.physiology.hospital.draw import draw_hospital, draw_records
from onearm.physiology.hospital.hosts import hosts
from onearm.physiology.hospital.world import World
from onearm.physiology.hospital.world_file import read_world
from onearm.physiology.purpose import Efficacy, Purpose
from onearm.physiology.tables.co_treatment import CoTreatment
from onearm.physiology.tables.product_policy import ProductPolicy
from onearm.product.checks import check_product
from onearm.protocol.rulebook import default_rulebook
from onearm.records import Provenance, check_records, read_records, write_records
from onearm.results.problems import StudyProblems

SMALL = World(patients=60, most_treated=8, treat_per_day=0.1)
STRONG = Efficacy(5.0, "none: a test", "so that it is seen")
COURSE = ("death_day", "extubation_day", "leaving_day")
UNTREATED = tuple(f"untreated_{name}" for name in COURSE)
#: everything goes on at once, and nobody waits for a bag of another
BUSY = World(
    patients=80,
    most_treated=None,
    treat_per_day=0.15,
    gamma=-0.5,
    refuse_share=0.1,
    site_treat=0.5,
    drift=1.5,
    transfer_per_day=0.03,
    transfer_gamma=0.5,
    co_treatment=CoTreatment(per_severity=0.5, between_hospitals=0.5, tocilizumab_with_cells=0.5),
    product=ProductPolicy(
        dose_shares=(0.2, 0.5, 0.3), excursions=0.2, interrupted=0.2, reactions=0.2, icu_events_per_day=0.1
    ),
)
OF_PATIENTS = (
    "subjects", "treatment_decisions", "consents", "weights", "dose_orders", "infusions", "episodes", "outcomes",
    "measurements", "visits", "image_reads", "adverse_events",
)  # fmt: skip


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
    world = replace(SMALL, efficacy=STRONG, patients=200, most_treated=40)
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


# everything at once


@pytest.fixture(scope="module")
def busy():
    return drawn(BUSY)


def others(frame, *names):
    return frame.filter(~pl.col("subject_id").is_in(list(names)))


def test_with_everything_going_on_the_records_keep_every_rule_and_survive_files(busy, tmp_path):
    records, _ = busy
    assert check_records(records) == ()
    assert not [f for f in check_product(records, default_rulebook()) if f.severity != "inform"]
    for kind in ("died", "transferred", "left_hospital_alive", "reintubated"):
        assert records["outcomes"].filter(kind=kind).height, kind
    for event in ("returned", "excursion_cleared", "destroyed", "stopped"):
        assert records["custody"].filter(event=event).height, event
    assert set(records["infusions"]["dose_no"]) == {1, 2, 3}
    write_records(records, tmp_path)
    assert read_records(tmp_path, provenance="virtual").sha256() == records.sha256()


def test_without_patient_7_everybody_else_is_the_same_bit_for_bit(busy, monkeypatch):
    def without(world, key, purpose, threads):
        draws, worst = hosts(world, key, purpose, threads)
        keep = [i for i in range(draws.patients.size) if i != 7]
        return replace(draws, patients=draws.patients[keep], values=draws.values[keep]), worst[keep]

    treated = busy[1].people["infused_day"].is_not_null()
    assert treated[7]  # whose bags go to others
    monkeypatch.setattr(hospital, "hosts", without)
    records, truth = drawn(BUSY)
    gone = busy[1].people["subject_id"][7]
    assert truth.people.height == BUSY.patients - 1
    for name in set(truth.people.columns) - {"true_m_per_kg"}:  # of other bags
        assert truth.people[name].equals(others(busy[1].people, gone)[name], null_equal=True), name
    for table in OF_PATIENTS:
        assert records[table].equals(others(busy[0][table], gone), null_equal=True), table


def test_a_treated_patient_moves_nobody_else_however_strong_the_cells():
    nobody, one = (drawn(replace(BUSY, efficacy=STRONG, most_treated=n)) for n in (0, 1))
    treated = one[1].people.filter(pl.col("infused_day").is_not_null())["subject_id"].to_list()
    assert len(treated) == 1
    assert others(one[1].people, *treated).equals(others(nobody[1].people, *treated), null_equal=True)
    for name in UNTREATED:
        assert one[1].people[name].equals(nobody[1].people[name], null_equal=True)
    for table in ("subjects", "episodes", "outcomes", "measurements", "visits", "image_reads"):
        rows = [others(r[table], *treated).drop("cohort", strict=False) for r in (one[0], nobody[0])]
        if table == "subjects":  # who had a bag and was not infused is on the path all the same
            assert rows[0].height == BUSY.patients - 1
        assert rows[0].equals(rows[1], null_equal=True), table


def test_two_days_more_move_no_other_day(busy):
    records, truth = drawn(replace(BUSY, measured_days=BUSY.measured_days + 2))
    assert truth.people.equals(busy[1].people, null_equal=True)
    for table in set(OF_PATIENTS) - {"measurements", "visits"}:
        assert records[table].equals(busy[0][table], null_equal=True), table
    told = pl.col("measurement_id").str.extract(r"-(\d\d)-[A-Z0-9-]+$").cast(int) <= BUSY.measured_days + 1
    kept = records["measurements"].filter(told)
    assert kept.height < records["measurements"].height
    assert kept.sort("measurement_id").equals(busy[0]["measurements"].sort("measurement_id"), null_equal=True)


def test_bags_couple_patients_and_leave_the_untreated_course_of_each_their_own():
    world = replace(BUSY, efficacy=STRONG)
    free, short = (drawn(replace(world, containers=bags))[1].people for bags in (None, 9))
    treated = [people["infused_day"].is_not_null() for people in (free, short)]
    assert treated[0].sum() > treated[1].sum() > 1
    for name in (*UNTREATED, "untreated_ventilator_free_days", "severity", "measured"):
        assert free[name].equals(short[name], null_equal=True), name
    for name, twin in zip(COURSE, UNTREATED, strict=True):
        never = short.filter(~treated[1])
        assert never[name].equals(never[twin], null_equal=True)


def test_the_truth_tells_the_days_of_the_records(busy):
    records, truth = busy
    zero = records["subjects"].select("subject_id", "ventilated_at")
    people = truth.people.join(zero, on="subject_id")
    ends = records["outcomes"].with_columns(pl.col("kind").cast(pl.String))
    days = {"died": "death_day", "transferred": "lost_day", "left_hospital_alive": "leaving_day"}
    days |= {"extubated": "extubation_day"}
    for kind, column in days.items():
        first = ends.filter(kind=kind).group_by("subject_id").agg(at=pl.col("occurred_at").min())
        told = people.join(first, on="subject_id")
        day = (told["at"] - told["ventilated_at"]).dt.total_days().cast(pl.Int32)
        assert told.height and day.equals(told[column].rename("at")), kind
    given = records["infusions"].group_by("subject_id").agg(at=pl.col("started_at").min(), n=pl.len())
    told = people.join(given, on="subject_id")
    assert told.height == people["infused_day"].is_not_null().sum()
    assert ((told["at"] - told["ventilated_at"]).dt.total_days() == told["infused_day"]).all()
    assert (told["n"] == told["doses"]).all()


def test_who_died_and_was_not_moved_has_a_death_in_the_records_by_the_lock(busy):
    records, truth = busy
    kept = truth.people.join(records["subjects"], on="subject_id").filter(pl.col("lost_day").is_null())
    by_lock = pl.col("ventilated_at").dt.date() + pl.duration(days=1) * (pl.col("death_day") + 1) < BUSY.data_lock
    died = set(kept.filter(by_lock)["subject_id"])
    assert died == set(records["outcomes"].filter(kind="died")["subject_id"]) & died and len(died) > 10
    free = truth.people.filter(pl.col("death_day") <= 28)["ventilator_free_days"]
    assert (free == 0).all() and truth.people["ventilator_free_days"].is_between(0, 28).all()


def test_a_hash_that_reads_as_a_telephone_number_is_no_reason_to_refuse_the_trial(monkeypatch):
    monkeypatch.setattr(World, "sha256", property(lambda _: "0049834315a2" + "0" * 52))
    records, _ = drawn(replace(SMALL, patients=5))
    assert "00498343," in records["sources"]["title"][0]


# a door with a lock


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
        world = World(patients=400, most_treated=None, treat_per_day=0.03, **changes)
        people = drawn(world)[1].people
        treated = people["infused_day"].is_not_null()
        name = "severity" if changes.get("severity") == "hidden" else "measured"
        return people.filter(treated)[name].mean() - people.filter(~treated)[name].mean()

    assert gap(gamma=-1.5) < gap() - 0.15
    assert gap(gamma=-1.5, severity="hidden") < -0.01


def test_nobody_is_treated_before_the_offer_or_after_the_bags_are_gone():
    records, truth = drawn(replace(SMALL, offer_from_days=5, containers=3, product=ProductPolicy.plain()))
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
    for path in sorted(Path(physiology.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                for argument in (*node.args.args, *node.args.kwonlyargs):
                    told = ast.unparse(argument.annotation) if argument.annotation else ""
                    assert "Records" not in told and argument.arg not in ("records", "subjects"), (
                        f"{path.name} {node.name}"
                    )
