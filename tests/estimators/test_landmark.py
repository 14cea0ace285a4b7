import pytest
from analysis_worlds import NEVER, patient, read_reference, shuffled, stanford, world

from onearm.estimators.landmark import landmark, landmark_groups, landmark_sweep
from onearm.results.status import Status

REFERENCE = {(r["case"], r["ties"]): r for r in read_reference("survival_cox.csv")}  # made by survival.R


@pytest.mark.parametrize(("from_day", "n"), [(30, 79), (None, 78)])
def test_stanford_landmark_at_30_days(from_day, n):
    # 79 have 30 days or more; the one whose last day is 30 is gone at the start of day 31 and changes no ratio
    result = landmark(stanford(), day=30, spell=False, from_day=from_day)
    assert (result.n, result.n_treated, result.treated_lost) == (n, 35, 34)
    row = REFERENCE["landmark_30", "efron"]
    ratio = result.hazard_ratio
    assert ratio.coefficients[0].value == pytest.approx(float(row["beta"]), abs=1e-9)
    assert (ratio.lower, ratio.upper) == pytest.approx((float(row["lower"]), float(row["upper"])), abs=1e-8)
    assert [round(v, 3) for v in (ratio.hazard_ratio, ratio.lower, ratio.upper)] == [0.915, 0.527, 1.589]


def ward(**more):
    """Landmark 3, horizon 4: five treated by then and still there, two not treated, ties, unsorted."""
    return world(
        patient("C", end=7, event=1, start=3),  # dies on s + h: counts
        patient("A", end=8, event=1, start=1),  # dies the day after the horizon
        patient("N", end=4, event=1),  # untreated, dies on s + 1
        patient("B", end=9, event=0, start=3),
        patient("D", end=9, event=2, start=0),
        patient("E", end=9, event=0, start=2),
        patient("M", end=9, event=0, start=4),  # treated after the landmark: untreated at it
        patient("X", end=3, event=1, start=1),  # dead on the landmark: not there
        patient("Y", end=9, event=1, start=2, spell=3),  # spell over by then
        horizon=4,
        **more,
    )


def test_groups_and_risks_by_hand():
    result = landmark(ward(), day=3)
    assert (result.n, result.n_treated, result.treated_lost) == (7, 5, 3)  # M, X and Y are the treated not counted
    assert result.treated.risk == pytest.approx(1 / 5) and result.untreated.risk == pytest.approx(1 / 2)
    assert result.estimate == pytest.approx(-3 / 10)
    assert result.se == pytest.approx((1 / 5 * 4 / 5 / 5 + 1 / 4 / 2) ** 0.5)
    assert landmark(ward(), day=3, spell=False).n_treated == 6  # Y again


def test_who_is_there_at_the_landmark():
    there, by_then = landmark_groups(ward(), day=3)
    names = ward().people["person"].to_list()
    assert {n for n, k in zip(names, there, strict=True) if not k} == {"X", "Y"}
    assert {n for n, k in zip(names, by_then, strict=True) if not k} == {"N", "M"}


def test_fewer_than_five_treated_by_then_is_refused():
    result = landmark(ward(), day=1)  # A, D and X
    assert result.n_treated == 3
    assert result.status is Status.TOO_FEW and "later landmark" in result.remedy and result.estimate is None


def test_everyone_treated_leaves_no_contrast():
    everyone = world(*(patient(f"T{k}", end=20, event=1, start=k) for k in range(6)))
    assert landmark(everyone, day=9).status is Status.ONE_ARM


def test_a_group_nobody_follows_to_the_horizon_is_said():
    short = [patient(f"T{k}", end=6, event=0, start=k % 3) for k in range(5)]
    result = landmark(world(*short, patient("N", end=40, event=1)), day=3)
    assert result.status is Status.TOO_FEW and "beyond day 6" in result.remedy


def test_the_sweep_tells_how_many_treated_each_day_loses():
    sweep = landmark_sweep(stanford(), days=(3, 30, 60), spell=False)
    assert [(r.day, r.n_treated + r.treated_lost) for r in sweep] == [(3, 69), (30, 69), (60, 69)]
    assert [r.treated_lost for r in sweep] == [59, 34, 25]


def test_row_order_never_matters():
    assert landmark(shuffled(stanford(), 3), day=30, spell=False) == landmark(stanford(), day=30, spell=False)


def test_swapping_the_groups_mirrors_the_difference():
    ends = [(5, 1), (9, 0), (6, 2), (7, 1), (9, 0), (5, 1), (8, 1), (9, 0), (6, 1), (9, 2)]
    groups = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]

    def of(treated):
        rows = (
            patient(f"P{k}", end=e, event=v, start=1 if g == treated else NEVER)
            for k, ((e, v), g) in enumerate(zip(ends, groups, strict=True))
        )
        return landmark(world(*rows, horizon=5), day=2)

    one, other = of(0), of(1)
    assert one.estimate == pytest.approx(-other.estimate) and one.lower == pytest.approx(-other.upper)
    assert one.hazard_ratio.hazard_ratio == pytest.approx(1 / other.hazard_ratio.hazard_ratio)


def test_a_horizon_without_a_day_is_named():
    with pytest.raises(ValueError, match="horizon 0 leaves no day after landmark 3"):
        landmark(ward(), day=3, horizon=0)
