import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.protocol.published import PublishedCohort
from onearm.results.status import Role
from onearm.sensitivity.comparators import Admission, admit
from onearm.sensitivity.unresolved import p_at_most

SIZE, BACKGROUND, REFUSED = Role.SIZE, Role.BACKGROUND, Role.REFUSED
SPAIN_2020 = {"country": "ES", "treated_from": "2020-03", "treated_to": "2020-06", "start_day": 7, "follow_up_days": 16}
GOOD = PublishedCohort(
    cohort="good",
    kind="cohort",
    citation="",
    place="",
    country="ES",
    start="2020-03-08",
    end="2020-04-30",
    population="invasively ventilated",
    n=100,
    dead=40,
    out=None,
    open=None,
    resolved_only=False,
    horizon="28 d",
    horizon_days=28,
    reported_pct="",
    status="verified",
    note="",
)
ROWS = csv.DictReader((Path(__file__).parent / "published_roles.csv").read_text(encoding="utf-8").splitlines())
PUBLISHED = {row["cohort"]: row for row in ROWS}  # the published cohorts and the role each must get


def cohort(name):
    row = PUBLISHED[name]
    counts = {k: int(row[k]) if row[k] else None for k in ("n", "dead", "out", "open", "horizon_days")}
    texts = {k: row[k] for k in ("cohort", "kind", "country", "start", "end", "population")}
    return replace(GOOD, resolved_only=row["resolved_only"] == "true", **texts, **counts)


def judged(study=SPAIN_2020, **changes):
    return admit(replace(GOOD, **changes), **study)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_cohort_has_its_role_and_favours_the_treatment(name):
    found, role = admit(cohort(name), **SPAIN_2020), Role(PUBLISHED[name]["role"])
    assert found.role is role and found.favours_treatment
    assert bool(found.reasons) == (role is not SIZE)
    assert len(found.reasons) == len(found.reasons_es) == len(found.failed)


@pytest.mark.parametrize(
    ("name", "seen", "worst"),
    [
        ("recovery2021_dexamethasone", 0.218, 0.944),
        ("recovery2021_usual_care", 0.0470, 0.737),
        ("penuelas2021", 0.04997, 0.747),
        ("libassi2021", 0.0869, 0.834),
        ("bowdish_control", 0.0386, 0.705),
        ("singapore2020", 0.703, 0.999),
        ("provent_subset", 0.221, 0.946),
        ("zhao2020", 0.00166, 0.251),
        ("tu2021", 5.9e-7, 0.0051),
    ],
)
def test_the_chance_of_as_few_deaths_uses_counts_not_the_rounded_percent(name, seen, worst):
    chances = [p_at_most(k, 13, cohort(name).dead / cohort(name).n) for k in (2, 6)]
    assert chances == [pytest.approx(seen, rel=6e-3), pytest.approx(worst, rel=6e-3)]


@pytest.mark.parametrize(
    ("changes", "role", "failed"),
    [
        ({}, SIZE, ()),
        ({"resolved_only": True}, REFUSED, ("K1",)),
        ({"open": 5}, SIZE, ()),
        ({"open": 6}, REFUSED, ("K2",)),
        ({"open": 5, "n": 99}, REFUSED, ("K2",)),
        ({"open": 0, "horizon_days": None}, BACKGROUND, ("K4",)),
        ({"horizon_days": None}, BACKGROUND, ("K2", "K4")),
        ({"population": "Intubated adults"}, SIZE, ()),
        ({"population": "ICU, 95 % ventilated"}, BACKGROUND, ("K3",)),
        ({"population": ""}, BACKGROUND, ("K3",)),
        ({"horizon_days": 21}, SIZE, ()),
        ({"horizon_days": 20}, BACKGROUND, ("K4",)),
        ({"start": "2020", "end": "2020"}, SIZE, ()),
        ({"start": "2020-06-30", "end": "2021"}, SIZE, ()),
        ({"start": "2020-07", "end": "2021"}, BACKGROUND, ("K5",)),
        ({"start": "2019", "end": "2020-02"}, BACKGROUND, ("K5",)),
        ({"start": "2019", "end": "2020-03-01"}, SIZE, ()),
        ({"country": "FR"}, BACKGROUND, ("K5",)),
        ({"country": "INT"}, SIZE, ()),
        ({"country": "FR", "kind": "trial_arm"}, SIZE, ()),
        ({"start": "2021", "end": "2021", "kind": "trial_arm"}, BACKGROUND, ("K5",)),
        ({"start": "2021", "end": "2021", "country": "FR"}, BACKGROUND, ("K5", "K5")),
        ({"country": ""}, BACKGROUND, ("K5",)),
        ({"dead": None}, BACKGROUND, ("count",)),
        ({"n": 0, "dead": 0}, BACKGROUND, ("count",)),
        ({"resolved_only": True, "horizon_days": 7}, REFUSED, ("K1", "K4")),
    ],
    ids=str,
)
def test_the_worst_of_the_rules_decides_and_every_one_broken_is_named(changes, role, failed):
    found = judged(**changes)
    assert (found.role, found.failed) == (role, failed)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_more_than_one_in_twenty_unresolved_is_refused(pair):
    n, still = pair
    assert (judged(n=n, dead=0, open=still).role is REFUSED) == (Fraction(still, n) > Fraction(1, 20))


def test_a_claim_may_rest_on_a_cohort_of_another_place_but_not_on_an_incomplete_one():
    assert judged().may_carry_a_claim and judged(country="FR").may_carry_a_claim
    assert not judged(horizon_days=20).may_carry_a_claim and not judged(dead=None).may_carry_a_claim
    assert not Admission(REFUSED, ("not named",), ("sin nombre",), False).may_carry_a_claim


@pytest.mark.parametrize(
    ("changes", "study", "favours"),
    [
        ({"clock_day": 7, "horizon_days": 16}, {}, False),
        ({"clock_day": 6, "horizon_days": 16}, {}, True),
        ({"clock_day": 7, "horizon_days": 17}, {}, True),
        ({"clock_day": None, "horizon_days": 16}, {}, True),
        ({"clock_day": None, "horizon_days": 16}, {"start_day": None}, True),
        ({"clock_day": 7, "horizon_days": 16}, {"start_day": None}, True),
    ],
)
def test_an_early_clock_or_a_long_horizon_favours_the_treatment(changes, study, favours):
    assert judged(SPAIN_2020 | study, **changes).favours_treatment is favours


@pytest.mark.parametrize(
    "bad", ["2020-13", "2020-02-31", "March 2020", "0000", "2020-3", "20-03", "٢٠٢٠", "2020 ", "-1"]
)
def test_a_date_that_cannot_be_read_is_named_and_never_raises(bad):
    for changes in ({"start": bad}, {"end": bad}):
        found = judged(**changes)
        assert (
            found.role is BACKGROUND
            and f"dates cannot be read ({(GOOD.start, bad)['start' in changes]}" in (found.reasons[0])
        )
    assert judged(SPAIN_2020 | {"treated_from": bad}).reasons == ("dates of treatment were not reported",)


def test_a_period_that_ends_before_it_starts_cannot_be_read():
    assert judged(start="2020-05", end="2020-04").reasons == ("dates cannot be read (2020-05 to 2020-04)",)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=3))
def test_no_text_in_the_place_of_a_date_or_country_raises(start, end, country):
    assert judged(start=start, end=end, country=country).role in (SIZE, BACKGROUND)
