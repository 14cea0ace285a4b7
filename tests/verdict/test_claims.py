import pytest
from evidence_examples import FULL, SERIES, evidence, full, series
from hypothesis import given, settings
from hypothesis import strategies as st
from spanish import english_words

from onearm.results.study_result import ClaimState
from onearm.verdict.claims import FEWEST_ASSESSED, ladder

SHOWN, COMPATIBLE, NOT_SHOWN, CANNOT = (
    ClaimState.SHOWN,
    ClaimState.COMPATIBLE,
    ClaimState.NOT_SHOWN,
    ClaimState.CANNOT,
)
NONE_SEEN = "none seen; excludes more than about"


def test_the_claims_of_the_published_series():
    told = {id: (c.state, c.reason) for id, c in ladder(SERIES, "L1").items()}
    assert told == {
        "C1": (SHOWN, "25 infusions recorded; the chain from lot to patient cannot be assessed"),
        "C2": (COMPATIBLE, "none seen; excludes more than about 1 in 5 patients"),
        "C3": (COMPATIBLE, "a change was seen; its cause cannot be assessed"),
        "C4": (CANNOT, "a condition it depends on is not met"),
        "C5": (CANNOT, "only a randomised trial can show a cause"),
    }


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"infusions": 1}, SHOWN, "1 infusion recorded; the chain from lot to patient cannot be assessed"),
        (
            {"chain": "all 25 infusions traced to a lot"},
            SHOWN,
            "25 infusions recorded; all 25 infusions traced to a lot",
        ),
        ({"infusions": 0}, CANNOT, "none was given"),
        ({"infusions": None}, CANNOT, "not reported in what was read"),
        ({"cells": False, "infusions": None}, SHOWN, "given to 13 patients"),
        ({"cells": False, "n": 1}, SHOWN, "given to 1 patient"),
        ({"cells": False, "n": None}, CANNOT, "not reported in what was read"),
    ],
    ids=str,
)
def test_it_can_be_given_where_it_was_given(changes, state, reason):
    claim = ladder(series(**changes), "L1")["C1"]
    assert (claim.state, claim.reason) == (state, reason)


def test_a_known_chain_is_not_denied_in_spanish():
    assert "se describe aparte" in ladder(series(chain="traced"), "L1")["C1"].reason_es
    assert "no es valorable" in ladder(SERIES, "L1")["C1"].reason_es


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"assessed_patients": 59, "reaction_upper": 0.0495}, SHOWN, f"{NONE_SEEN} 1 in 20 patients"),
        ({"assessed_patients": 58, "reaction_upper": 0.0503}, COMPATIBLE, f"{NONE_SEEN} 1 in 20 patients"),
        ({"assessed_patients": None}, COMPATIBLE, f"{NONE_SEEN} 1 in 5 patients"),
        ({"assessed_patients": 1, "reaction_upper": 0.95}, COMPATIBLE, "none seen, in too few to exclude anything"),
        ({"reactions": 1}, NOT_SHOWN, "1 patient with a reaction"),
        ({"reactions": 2, "reaction_upper": None, "assessed_patients": 500}, NOT_SHOWN, "2 patients with a reaction"),
        ({"reactions": None}, CANNOT, "reactions were not reported"),
        ({"reaction_upper": None}, CANNOT, "reactions were not reported"),
    ],
    ids=str,
)
def test_harm_is_never_excluded_below_59_assessed(changes, state, reason):
    claim = ladder(series(**changes), "L1")["C2"]
    assert (claim.state, claim.reason) == (state, reason)


def test_59_without_event_are_the_fewest_that_exclude_one_in_twenty():
    assert 1 - 0.05 ** (1 / FEWEST_ASSESSED) < 0.05 < 1 - 0.05 ** (1 / (FEWEST_ASSESSED - 1))


@pytest.mark.parametrize(("changed", "state"), [(True, COMPATIBLE), (False, CANNOT)])
def test_a_described_course_is_compatible_with_a_change_and_shows_none(changed, state):
    assert ladder(series(changed=changed), "L1")["C3"].state is state


@pytest.mark.parametrize(("level", "state"), [("L0", CANNOT), ("L1", CANNOT), ("L2", COMPATIBLE), ("L3", SHOWN)])
def test_better_than_similar_patients_follows_the_level(level, state):
    claims = ladder(FULL, level)
    assert claims["C4"].state is state and claims["C5"].state is CANNOT


def test_what_is_no_cell_product_is_a_treatment():
    claims = ladder(full(cells=False), "L2")
    assert (claims["C1"].title, claims["C5"].title) == ("It can be given", "The treatment caused it")
    assert not any("cell" in c.title + c.reason or "product" in c.title + c.reason for c in claims.values())


@settings(deadline=None)
@given(evidence(), st.sampled_from(["L0", "L1", "L2", "L3"]))
def test_every_claim_is_told_in_both_languages(e, level):
    claims = ladder(e, level)
    assert list(claims) == ["C1", "C2", "C3", "C4", "C5"]
    for claim in claims.values():
        assert claim.title and claim.reason and claim.title_es and claim.reason_es
        assert "None" not in claim.reason + claim.reason_es
        assert not english_words(f"{claim.title_es}; {claim.reason_es}")
