import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spanish import english_words

from onearm.protocol.published import QUANTITIES, PublicSentence
from onearm.results.study_result import Answer, ClaimState
from onearm.verdict.public_claims import ClaimRecord, check_sentence

SUPPORTED, WRONG, CANNOT = Answer.SUPPORTED, Answer.WRONG, Answer.CANNOT
ROWS = list(csv.DictReader((Path(__file__).parent / "claims_balmys19.csv").read_text(encoding="utf-8").splitlines()))
RIGHT = ("c03", "c10", "n04", "n10", "n15", "n16", "n18", "n22", "n23", "n26", "n27")
FALSE = ("c04", "c05", "c06", "c09", "n06")
RECORD = ClaimRecord(
    n=13,
    counts={"mortality": 2, "survival": 11, "extubation": 7, "improvement": 9, "number_treated": 13},
    size_rates={"penuelas2021": 41.01, "libassi2021": 37.05, "recovery2021_usual_care": 41.43},
    claims={"C2": ClaimState.COMPATIBLE, "C4": ClaimState.CANNOT, "C5": ClaimState.CANNOT},
    reactions=0,
    reaction_upper=0.2058,
    start_day=7,
    dose_per_kg=0.98e6,
    markers={"crp": "fell", "ferritin": "fell", "d_dimer": "fell", "ldh": "fell", "lymphocytes": "rose, T and B"},
)
PROVEN = dict.fromkeys(("C2", "C4", "C5"), ClaimState.SHOWN)


def sentence(quantity, claimed_value, **more):
    told = dict.fromkeys(PublicSentence.__dataclass_fields__, "") | {"quantity": quantity}
    return PublicSentence(**told | {"claimed_value": claimed_value} | more)


def check(quantity, claimed_value, record=RECORD, **more):
    return check_sentence(sentence(quantity, claimed_value, **more), record)


def test_38_sentences_were_read():
    assert len(ROWS) == 38 and len(RIGHT) == 11 and len(FALSE) == 5


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["claim_id"])
def test_every_sentence_said_of_balmys19_gets_its_answer(row):
    found = check_sentence(PublicSentence(**row), RECORD)
    expected = SUPPORTED if row["claim_id"] in RIGHT else WRONG if row["claim_id"] in FALSE else CANNOT
    assert found.answer is expected
    assert found.reason and not english_words(found.reason_es)
    assert (found.claim, found.record_value, found.flaw) == (row["claim"], row["record_value"], row["flaw"])


@pytest.mark.parametrize(
    ("id", "reason", "reason_es"),
    [
        ("c04", "the record has 7/13 = 53.8 %", "consta 7/13 = 53,8 %"),
        (
            "n06",
            "70 points; 82 % relative; not a contrast of like with like",
            "70 puntos; 82 % relativo; no se compara lo mismo con lo mismo",
        ),
        (
            "c02",
            "2/13 = 15.4 % is deaths so far; no complete cohort beside it has 70-85 %, so no fall can be read",
            "2/13 = 15,4 % son muertes hasta ahora; ninguna cohorte completa da 70-85 %: no se puede leer bajada",
        ),
        (
            "n12",
            "none seen; reactions in up to 20.6 % of patients are not excluded",
            "no se vio ninguna; no se descartan reacciones en hasta un 20,6 % de los pacientes",
        ),
        ("n10", "the record has 980000", "consta 980000"),
        ("n16", "direction only, survivors", "solo la dirección, en supervivientes"),
    ],
)
def test_what_a_reader_is_told(id, reason, reason_es):
    found = check_sentence(PublicSentence(**next(r for r in ROWS if r["claim_id"] == id)), RECORD)
    assert (found.reason, found.reason_es) == (reason, reason_es)


@pytest.mark.parametrize(
    ("quantity", "claimed", "answer"),
    [
        # counts: k, k/n, k of n
        ("extubation", "7", SUPPORTED),
        ("extubation", "7/13", SUPPORTED),
        ("extubation", "7 of 13", SUPPORTED),
        ("extubation", "7 / 12", WRONG),
        ("extubation", "8 of 13", WRONG),
        ("number_treated", "13", SUPPORTED),
        ("number_treated", "25", WRONG),
        ("survival", "11/13", SUPPORTED),
        # percentages, with a point or a comma, within one point
        ("mortality", "15 %", SUPPORTED),
        ("mortality", "15.4%", SUPPORTED),
        ("mortality", "15,4 %", SUPPORTED),
        ("mortality", "16.3 %", SUPPORTED),
        ("mortality", "16.5 %", WRONG),
        ("mortality", "154 %", WRONG),
        # both: every part must hold
        ("improvement", "9/13 (70 %)", SUPPORTED),
        ("improvement", "70 % (9/13)", SUPPORTED),
        ("improvement", "9 (70 %)", SUPPORTED),
        ("improvement", "9/13 = 69.2 %", SUPPORTED),
        ("improvement", "9/13, 75 %", WRONG),
        ("improvement", "9/13,5 %", CANNOT),
        ("improvement", "9/12 (69 %)", WRONG),
        ("improvement", "10/13 (70 %)", WRONG),
        # most
        ("extubation", " Most ", SUPPORTED),
        ("mortality", "most", WRONG),
        # not in a form that can be checked: never guessed
        ("mortality", "10-20 %", CANNOT),
        ("mortality", "about 15 %", CANNOT),
        ("mortality", "fewer than 20 %", CANNOT),
        ("mortality", "15.4", CANNOT),
        ("mortality", "two", CANNOT),
        ("mortality", "", CANNOT),
        ("extubation", "7 to 9", CANNOT),
        ("extubation", "-7", CANNOT),
        ("extubation", "7/13/13", CANNOT),
        ("survival", "15 % to 85 %", CANNOT),
        # a contrast of mortalities
        ("mortality", "85 % to 15 %", CANNOT),
        ("mortality", "85 % to 20 %", WRONG),
        ("mortality", "70–85% to 15%", CANNOT),
        ("mortality", "37-41 % to 15 %", CANNOT),
        # arithmetic
        ("arithmetic", "85 % to 15 % is 70 points", SUPPORTED),
        ("arithmetic", "85 % to 15 % is 82 %", SUPPORTED),
        ("arithmetic", "85 % to 15 % is 70 %", WRONG),
        ("arithmetic", "from 85 % to 15.4 % is 69.6 points", SUPPORTED),
        ("arithmetic", "15 % to 85 % is 70 points", SUPPORTED),
        ("arithmetic", "0 % to 15 % is 15 points", SUPPORTED),
        ("arithmetic", "0 % to 15 % is 15 %", CANNOT),
        ("arithmetic", "70-85 % to 15 % is 70 %", CANNOT),
        # a comparator
        ("comparator", "41 %", SUPPORTED),
        ("comparator", "37-41 %", SUPPORTED),
        ("comparator", "41-85 %", CANNOT),
        ("comparator", "85 %", CANNOT),
        ("comparator", "high", CANNOT),
        # numbers: rounded half up to the digits claimed
        ("start_day", "7", SUPPORTED),
        ("start_day", "7.0", SUPPORTED),
        ("start_day", "7.5", WRONG),
        ("start_day", "10", WRONG),
        ("start_day", "7 days", CANNOT),
        ("dose", "1e6", SUPPORTED),
        ("dose", "0.98e6", SUPPORTED),
        ("dose", "1.0e6", SUPPORTED),
        ("dose", "980,000", CANNOT),
        ("dose", "2e6", WRONG),
        ("dose", "nan", CANNOT),
        ("dose", "inf", CANNOT),
        ("dose", "1e999999", WRONG),
        ("dose", "1e-999999", CANNOT),
        # markers
        ("markers", "CRP, D-dimer: fell", SUPPORTED),
        ("markers", "lymphocytes: rose", SUPPORTED),
        ("markers", "crp, lymphocytes: fell", WRONG),
        ("markers", "il6: fell", CANNOT),
        ("markers", "il6, crp: rose", WRONG),
        ("markers", "crp fell", CANNOT),
        ("markers", "crp: fell by half", CANNOT),
        (":", "", CANNOT),
        # safety
        ("safety", "none seen", CANNOT),
        ("safety", "frequent", CANNOT),
        # effect, interpretation, read by hand
        ("effect", "lower", CANNOT),
        ("interpretation", "None", SUPPORTED),
        ("interpretation", "works", CANNOT),
        ("design", "13", CANNOT),
        ("weather", "13", CANNOT),
    ],
)
def test_awkward_values(quantity, claimed, answer):
    assert check(quantity, claimed).answer is answer


@pytest.mark.parametrize(
    ("quantity", "claimed"),
    [(q, "7") for q in ("mortality", "survival", "extubation", "improvement", "start_day", "dose")]
    + [("mortality", "85 % to 15 %"), ("safety", "none seen"), ("markers", "crp: fell"), ("number_treated", "most")],
)
def test_a_figure_that_was_not_reported_cannot_be_assessed(quantity, claimed):
    nothing = ClaimRecord(None, {}, {}, {}, None, None, None, None)
    found = check(quantity, claimed, nothing)
    assert (found.answer, found.reason) == (CANNOT, "the figure was not reported")


def test_a_contrast_is_supported_only_when_both_ends_and_the_contrast_hold():
    shown = replace(RECORD, claims=PROVEN)
    assert check("mortality", "37-41 % to 15 %", shown).answer is SUPPORTED
    assert check("mortality", "37-60 % to 15 %", shown).answer is CANNOT
    assert "that of other patients" in check("mortality", "41 % to 15 %").reason


def test_an_effect_needs_better_outcomes_and_a_cause():
    assert check("effect", "lower", replace(RECORD, claims=PROVEN)).answer is SUPPORTED
    assert check("effect", "lower", replace(RECORD, claims={"C4": ClaimState.SHOWN})).answer is CANNOT


@pytest.mark.parametrize(
    ("changes", "answer", "reason"),
    [
        ({"reactions": 1}, WRONG, "1 patient with a reaction"),
        ({"reactions": 3}, WRONG, "3 patients with a reaction"),
        ({"claims": PROVEN}, SUPPORTED, "none seen, and common harm is excluded"),
        ({"reaction_upper": None}, CANNOT, "the figure was not reported"),
        ({"reactions": None}, CANNOT, "the figure was not reported"),
    ],
)
def test_no_harm_is_wrong_after_one_event_and_supported_only_by_enough_patients(changes, answer, reason):
    found = check("safety", "does not cause", replace(RECORD, **changes))
    assert (found.answer, found.reason) == (answer, reason)


def test_a_half_is_rounded_up():
    assert check("start_day", "7", replace(RECORD, start_day=6.5)).answer is SUPPORTED
    assert check("start_day", "6", replace(RECORD, start_day=6.5)).answer is WRONG


def test_exactly_one_point_is_within_one_point():
    assert check("mortality", "16 %", replace(RECORD, n=20, counts={"mortality": 3})).answer is SUPPORTED
    assert check("mortality", "12.3 %", replace(RECORD, n=1000, counts={"mortality": 113})).answer is SUPPORTED


@pytest.mark.parametrize(
    ("flaw", "record_value", "answer"),
    [("none", "13 of 13", SUPPORTED), ("none", "", CANNOT), ("wrong_count", "", WRONG), ("not_in_record", "6", CANNOT)],
)
@pytest.mark.parametrize("quantity", ["population", "design", "product", "priority", "context"])
def test_words_are_read_by_hand(quantity, flaw, record_value, answer):
    found = check(quantity, "words", flaw=flaw, record_value=record_value)
    assert found.answer is answer and found.reason


def test_the_nearest_cohort_is_named():
    found = check("comparator", "41.4 %")
    assert found.figures == ("comparator.recovery2021_usual_care.p_at_most_observed",)
    assert found.reason == "as in recovery2021_usual_care"


HOSTILE = [
    "<script>alert(1)</script>",
    "9" * 5000,
    "1/0",
    "0/0",
    "%",
    "{0}",
    "%s %d",
    "١٥ %",
    "=1+1",
    "\x00",
    "7\n",
    "e",
]
texts = st.sampled_from(HOSTILE) | st.text(max_size=30) | st.from_regex(r"[0-9.,%/ :e()-]{0,20}", fullmatch=True)
records = st.sampled_from(
    [
        RECORD,
        replace(RECORD, claims=PROVEN),
        replace(RECORD, n=0, counts={"mortality": 0}, size_rates={}),
        replace(RECORD, markers={"crp": "", "ldh": " ,"}, start_day=None, reactions=None),
    ]
)


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(QUANTITIES) | st.text(max_size=5),
    texts,
    texts,
    st.sampled_from(["none", "wrong_count", ""]),
    records,
)
def test_no_text_raises_and_every_answer_has_a_reason(quantity, claimed, noted, flaw, record):  # fmt: skip
    found = check(quantity, claimed, record, record_value=noted, what_the_record_says=noted, flaw=flaw)
    assert found.answer in Answer and found.reason and found.reason_es
    assert found.claimed_value == claimed
