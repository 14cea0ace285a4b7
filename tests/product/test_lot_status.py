"""P4: verdicts by the limits, status by decisions and signatures, a release that has what it needs."""

from dataclasses import replace
from decimal import Decimal

import pytest
from product_world import BOOK, DAY, ENTERED, HOUR, MADE, NOW, World, small_world

from onearm.product.history import History
from onearm.product.lot_status import LotStatus, lot_status, verdict_of
from onearm.product.release_needs import missing_for_release, missing_words
from onearm.product.signed import Signed
from onearm.product.specification import in_force

AT = MADE + 12 * DAY


def result(value=None, comparator="=", text=None, test="viability"):
    number = None if value is None else Decimal(value)
    return {"test": test, "stage": "final", "comparator": comparator, "value": number, "result_text": text}


def line(low=None, high=None, text=None, unit="%", version=1, test="viability"):
    limits = {"low": low and Decimal(low), "high": high and Decimal(high), "expected_text": text}
    return {"test": test, "stage": "final", "unit": unit, "specification_version": version, **limits}


@pytest.mark.parametrize(
    ("value", "comparator", "low", "high", "unit", "verdict"),
    [
        ("70", "=", "70", None, "%", "pass"),
        ("69.999", "=", "70", None, "%", "fail"),
        ("100", "=", "70", "100", "%", "pass"),
        ("0.5", "<", None, "5", "EU/mL", "pass"),
        ("10", "<", None, "5", "EU/mL", "fail"),
        ("5", "<=", None, "5", "EU/mL", "pass"),
        ("0.5", "<", "0", "5", "EU/mL", "pass"),
        ("98", ">", "95", None, "%", "pass"),
        ("98", ">", "95", "100", "%", "pass"),
        ("60", ">", "70", None, "%", "fail"),
        ("60", ">=", "10", "80", "1", "fail"),
        ("80", "<", "70", "100", "%", "fail"),
    ],
)
def test_a_censored_value_passes_when_every_value_it_may_stand_for_does(value, comparator, low, high, unit, verdict):
    assert verdict_of(result(value, comparator), [line(low, high, unit=unit)]) == verdict


def test_words_are_compared_without_case_and_blanks():
    assert verdict_of(result(text=" Negative"), [line(text="negative")]) == "pass"
    assert verdict_of(result(text="positive"), [line(text="negative")]) == "fail"


def test_what_the_limits_cannot_judge_is_pending_and_what_has_no_limit_passes():
    assert verdict_of(result(), [line("70")]) == "pending"
    assert verdict_of(result(text="good"), [line("70")]) == "pending"
    assert verdict_of(result("3"), [line(text="negative")]) == "pending"
    assert verdict_of(result("3", test="karyotype"), [line("70")]) == "pass"


def test_the_latest_version_judges():
    lines = [line("70"), line("80", version=2)]
    assert verdict_of(result("75"), lines) == "fail"


def test_the_version_in_force_is_the_latest_entered_by_then():
    rows = [{**line(version=v), "entered_at": MADE + v * DAY} for v in (1, 2, 3)]
    assert [r["specification_version"] for r in in_force(rows, MADE + 2 * DAY)] == [2]
    assert [r["specification_version"] for r in in_force(rows, MADE)] == [1]  # none yet: the first there was
    of_one_file = [{**row, "entered_at": ENTERED} for row in rows]
    assert [r["specification_version"] for r in in_force(of_one_file, MADE)] == [3]
    assert in_force([]) == ()


def test_a_lot_goes_through_production_and_quarantine_to_its_release():
    records = World().lot().decide().records()
    assert [lot_status(records, "L1", MADE + d * DAY) for d in (-1, 1, 12, 99)] == [
        LotStatus.IN_PRODUCTION,
        LotStatus.QUARANTINE,
        LotStatus.RELEASED,
        LotStatus.RELEASED,
    ]
    assert lot_status(records, "L9") is None


def test_a_good_release_is_good():
    assert World().lot().decide().findings("P4") == []


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "pending", "value": None},
        {"verdict": "fail", "value": Decimal(60)},
        {"verdict": "not_done", "value": None},
        {"verifier_id": None},
        {"reported_at": None},
        {"reported_at": AT + HOUR},
    ],
)
def test_a_release_without_a_verified_pass_known_by_then_is_refused(change):
    world = World().lot().decide().change("lot_tests", "L1-VIABILITY-1", **change)
    assert ("block", "L1-R1") in world.told("P4")
    [need] = missing_for_release(
        History(World().lot().test("L1", "viability", **change).records(), BOOK), "L1", "release", AT
    )
    assert need.en.startswith("viability (final)") and need.es.startswith("viability (final)")


def test_a_passing_repeat_does_not_wipe_out_a_failure():
    world = World().lot().decide()
    world.test("L1", "viability", 2, value=Decimal(60), verdict="fail")
    assert world.told("P4") == [("block", "L1-R1")]


def test_a_first_step_may_lack_the_second_and_its_confirmation_may_not():
    world = World().lot().drop("lot_tests", "L1-STERILITY-1").decide(decision="release_first_step")
    assert world.told("P4") == []
    world.decide(decision="confirm_second_step", at=AT + DAY)
    assert world.told("P4") == [("block", "L1-R2")]
    world.test("L1", "sterility", reported_at=AT + HOUR)
    assert world.told("P4") == []
    assert lot_status(world.records(), "L1", AT + HOUR) is LotStatus.RELEASED_FIRST_STEP
    assert lot_status(world.records(), "L1") is LotStatus.RELEASED


def test_a_full_release_needs_the_second_step_too():
    world = World().lot().drop("lot_tests", "L1-STERILITY-1").decide()
    assert world.told("P4") == [("block", "L1-R1")]


@pytest.mark.parametrize("hand", ["MAKER", "ANALYST1", "ANALYST2"])
def test_whoever_made_or_tested_the_lot_does_not_release_it(hand):
    assert World().lot().decide(by=hand).told("P4") == [("block", "L1-R1")]
    assert World().lot().decide(decision="reject", by=hand).told("P4") == []


def test_a_decision_that_does_not_follow_from_the_status_is_refused():
    assert World().lot().decide().decide(at=AT + DAY).told("P4") == [("block", "L1-R2")]
    assert World().lot().decide(decision="confirm_second_step").told("P4") == [("block", "L1-R1")]
    rejected = World().lot().decide(decision="reject").decide(at=AT + DAY)
    assert rejected.told("P4") == [("block", "L1-R2")]
    assert lot_status(rejected.records(), "L1") is LotStatus.REJECTED
    recalled = World().lot().decide().decide(decision="recall", at=AT + DAY).decide(at=AT + 2 * DAY)
    assert lot_status(recalled.records(), "L1") is LotStatus.RECALLED


def test_a_failed_second_step_is_not_explained_away():
    world = World().lot().drop("lot_tests", "L1-STERILITY-1").decide(decision="release_first_step")
    world.test("L1", "sterility", result_text="positive", verdict="fail", reported_at=AT + DAY)
    world.decide(decision="release_out_of_spec", at=AT + 2 * DAY)
    world.change("release_decisions", "L1-R2", risk_assessment="written")
    assert world.told("P4") == [("block", "L1-R2")]


def out_of_spec():
    world = World().lot().change("lot_tests", "L1-VIABILITY-1", verdict="fail", value=Decimal(65))
    return world.decide(decision="release_out_of_spec").change("release_decisions", "L1-R1", risk_assessment="written")


def signed(*rows):
    return Signed.of([("release_decisions", "L1-R1", role, meaning, who) for role, meaning, who in rows])


QP, IN, SP = ("QP", "released", "QP1"), ("IN", "released_out_of_spec", "DOC1"), ("SP", "released_out_of_spec", "SP1")


def test_out_of_specification_is_pending_until_three_persons_signed():
    records = out_of_spec().records()
    assert lot_status(records, "L1", signed=None) is LotStatus.RELEASED_OUT_OF_SPEC  # from files: nobody can know
    for some in ([], [QP], [QP, IN], [IN, SP], [QP, IN, ("SP", "released_out_of_spec", "DOC1")]):
        assert lot_status(records, "L1", signed=signed(*some)) is LotStatus.OUT_OF_SPEC_PENDING
        assert out_of_spec().told("P4", signed=signed(*some)) == [("inform", "L1-R1")]
    assert lot_status(records, "L1", signed=signed(QP, IN, SP)) is LotStatus.RELEASED_OUT_OF_SPEC
    assert out_of_spec().told("P4", signed=signed(QP, IN, SP)) == []


def test_a_release_that_nobody_signed_is_refused_where_signatures_are_known():
    world = World().lot().decide()
    assert world.told("P4", signed=signed(QP)) == []
    assert world.told("P4", signed=signed(IN)) == [("block", "L1-R1")]
    assert world.told("P4", signed=Signed.of([])) == [("block", "L1-R1")]


def test_nobody_types_a_pass():
    world = World().lot().change("lot_tests", "L1-VIABILITY-1", value=Decimal(60))
    [finding] = world.findings("P4")
    assert (finding.severity, finding.key, finding.value) == ("block", "L1-VIABILITY-1", "pass: 60")
    assert finding.limit == "fail: at least 70 to at most 100 %"


def test_a_verdict_harder_than_the_limits_is_confirmed():
    world = World().lot().change("lot_tests", "L1-VIABILITY-1", verdict="fail")
    assert world.told("P4") == [("confirm", "L1-VIABILITY-1")]


def test_a_looser_specification_than_the_rule_book_is_confirmed():
    world = World().lot().specify("viability", low="60", high="100").specify("negative_panel", low="0", high="5")
    world.specify("mycoplasma", unit="1", expected_text="not detected")
    found = {
        f.key.split("/")[2] for f in world.findings("P4") if f.severity == "confirm" and f.table == "specifications"
    }
    assert found == {"viability", "negative_panel", "mycoplasma"}


def test_sterility_may_come_second_only_where_the_rule_book_lets_it():
    strict = replace(BOOK, sterility_required_by="release")
    assert World().lot().told("P4", book=strict) == [("confirm", "SPEC/1/sterility/final")]


def test_a_specification_that_leaves_out_a_test_is_told():
    world = World().lot().drop("specifications", "SPEC/1/endotoxin/final").drop("lot_tests", "L1-ENDOTOXIN-1")
    [finding] = world.findings("P4")
    assert (finding.severity, finding.limit) == ("inform", "endotoxin")


def test_a_later_stricter_version_does_not_undo_a_release():
    world = World().lot().decide()
    for name in world.rows["specifications"].values():
        name["entered_at"] = MADE
    for test in ("viability", "potency"):
        world.specify(test, version=2, low="95", high="100", entered_at=NOW)
    assert world.told("P4") == [("inform", "SPEC/2")]


def test_a_test_corrected_after_the_release_is_confirmed_so_that_it_can_be_recorded():
    world = World().lot().decide().change("release_decisions", "L1-R1", entered_at=AT)
    world.change("lot_tests", "L1-VIABILITY-1", value=Decimal(60), verdict="fail", entered_at=NOW)
    assert world.told("P4") == [("confirm", "L1-R1")]
    assert world.told("P5") == [("block", "L1-VIABILITY-1")]


def test_a_passage_out_of_the_usual_range_is_told():
    assert small_world().change("lots", "L1", passage=7).told("P4") == [("inform", "L1")]


def test_what_is_missing_is_one_phrase_in_each_language():
    history = History(World().lot().drop("lot_tests", "L1-CD73-1", "L1-CD90-1").records(), BOOK)
    en, es = missing_words(missing_for_release(history, "L1", "release", AT))
    by = "had not been reported by 2020-01-11 12:00"
    assert en == f"cd73 (final) {by}; cd90 (final) {by}"
    assert es == "cd73 (final) no constaba el 2020-01-11 12:00; cd90 (final) no constaba el 2020-01-11 12:00"
    assert missing_for_release(history, "L1", "release_out_of_spec", AT) == ()
    assert len(missing_for_release(history, "L1", "confirm_second_step", AT)) == 3
