"""The production unit: five lots, each at another point of its life."""

from dataclasses import dataclass
from datetime import timedelta

from patients import day
from playing import Play, Story

_SPECIFIED = (
    ("viability", "%", {"low": "70"}, "release"),
    ("cd73", "%", {"low": "95"}, "release"),
    ("cd90", "%", {"low": "95"}, "release"),
    ("cd105", "%", {"low": "95"}, "release"),
    ("negative_panel", "%", {"high": "2"}, "release"),
    ("endotoxin", "EU/mL", {"high": "5"}, "release"),
    ("mycoplasma", "1", {"expected_text": "negative"}, "release"),
    ("sterility", "1", {"expected_text": "negative"}, "second_step"),
)
_RESULTS = {
    "viability": "93",
    "cd73": "98",
    "cd90": "99",
    "cd105": "97",
    "negative_panel": "0.6",
    "endotoxin": "0.5",
    "mycoplasma": "negative",
    "sterility": "negative",
}
_UNITS = {test: unit for test, unit, _, _ in _SPECIFIED}


@dataclass(frozen=True)
class Lot:
    """Days from T0. `later` are tests with the day their result comes; `decisions` with day and kind."""

    name: str
    donor: str
    bags: int
    harvested: float
    entered: float
    decisions: tuple[tuple[float, str, str], ...] = ()
    results: tuple[tuple[str, str], ...] = ()  # other than usual
    later: tuple[tuple[str, float], ...] = ()
    unverified: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


_PASS = "all tests of the specification pass"
LOTS = (
    Lot("VL-001", "VDONOR-11", 18, -80, -52, ((-50, "release", _PASS),)),
    Lot(
        "VL-002",
        "VDONOR-12",
        22,
        -48,
        -36,
        ((-26, "release_first_step", "sterility pending, day 14"), (-13, "confirm_second_step", _PASS)),
        later=(("sterility", -14),),
    ),
    Lot(
        "VL-003",
        "VDONOR-13",
        6,
        -16,
        -12,
        unverified=("endotoxin",),
        missing=("mycoplasma", "sterility"),
        later=(("endotoxin", -0.8),),
    ),
    Lot("VL-004", "VDONOR-14", 3, -76, -52, ((-49.9, "release", _PASS), (-6, "recall", ""))),
    Lot(
        "VL-005",
        "VDONOR-15",
        2,
        -40,
        -25,
        ((-0.7, "release_out_of_spec", "asked for by the doctor of V01; viability just below the limit"),),
        results=(("viability", "66"),),
    ),
)


def make_lots(play: Play, lot: Lot) -> Story:
    """From the donor to the decision."""
    yield day(lot.entered)
    if lot is LOTS[0]:
        _specify(play)
    _record(play, lot)
    yield day(lot.entered + 0.1)
    results, late = {**_RESULTS, **dict(lot.results)}, dict(lot.later)
    for test in (t for t in results if t not in late and t not in lot.missing):
        _test(play, lot, test, results[test])
    steps = sorted([(at, test, "") for test, at in lot.later] + list(lot.decisions))
    for at, what, why in steps:
        yield day(at)
        if what in results:
            _test(play, lot, what, results[what])
        elif what == "recall":
            play.do("VPU-QP", "recall-lot", lot.name, confirm=True, reason="donor reported a fever after the donation")
        else:
            _decide(play, lot, what, why)
    if lot.name == "VL-001":
        yield day(-20)
        play.do("VPU-TECH2", "destroy-bag", play.stock[lot.name].pop(), occurred_at=play.minute, remark="label torn")


def _specify(play: Play) -> None:
    for test, unit, limits, required in _SPECIFIED:
        told = {"test": test, "unit": unit, "required_for": required, "method": "validated, virtual", **limits}
        name = {"specification_id": "VSPEC-1", "specification_version": 1, "stage": "final"}
        play.do("COORD", "specify-test", **name, **told)


def _record(play: Play, lot: Lot) -> None:
    made = day(lot.harvested)
    told = {"product_code": "AT-MSC", "cell_source": "adipose", "donor_id": lot.donor, "donor_kind": "allogeneic"}
    told |= {"passage": 4, "form": "cryopreserved", "harvested_at": made, "frozen_at": made + timedelta(hours=3)}
    told |= {"freezing_medium": "albumin and dimethyl sulfoxide", "dmso_percent": "10", "nominal_viable_m": "100"}
    told |= {"product_volume_ml": "20", "containers_made": lot.bags, "storage_c": "-150"}
    told |= {"expires_at": made + timedelta(days=730), "specification_id": "VSPEC-1"}
    play.do("VPU-TECH1", "record-lot", lot_id=lot.name, **told)
    for kind, name, batch, days in (
        ("donor_tissue", "adipose tissue", f"T-{lot.donor[-2:]}", 20),
        ("serum", "human platelet lysate", "HPL-0419", 18),
        ("enzyme", "collagenase", "ENZ-88", 20),
    ):
        used = made - timedelta(days=days)
        told = {"kind": kind, "name": name, "batch": batch, "supplier": "virtual supplier", "used_at": used}
        play.do("VPU-TECH1", "record-material", lot.name, **told)
    filled = {"filled_at": made + timedelta(hours=3), "to_place": "tank 2"}
    play.do("VPU-TECH1", "fill-containers", lot.name, **filled)
    with play.ledger.reading() as view:
        rows = sorted(view.rows("containers", lot_id=lot.name), key=lambda row: row["container_no"])
    play.stock[lot.name] = [row["container_id"] for row in rows]


def _test(play: Play, lot: Lot, test: str, result: str) -> None:
    sampled = day(lot.harvested + 1)
    told = {"result_text": result} if result == "negative" else {"value": result}
    told |= {"comparator": "<"} if test == "endotoxin" else {}
    reported = max(sampled, min(play.minute, sampled + timedelta(days=9)))
    if test in dict(lot.later):
        reported = play.minute - timedelta(hours=2)
    told |= {"test": test, "stage": "final", "method": "validated, virtual", "raw_unit": _UNITS[test]}
    name = play.do("VPU-QC1", "enter-test", lot.name, sampled_at=sampled, reported_at=reported, **told)["lot_tests"]
    if test not in lot.unverified:
        play.do("VPU-QC2", "verify-test", name)


def _decide(play: Play, lot: Lot, decision: str, why: str) -> None:
    out = decision == "release_out_of_spec"
    risk = "viability 66 % against 70 %: the dose rises by 6 %, all else passes" if out else None
    play.do("VPU-QP", "decide-lot", lot.name, confirm=out, decision=decision, reason=why, risk_assessment=risk)
