"""The dose formulas: the values of the design, and generated cases against fractions."""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from decimal import localcontext
from fractions import Fraction as F
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.dose_cases import exp_minus
from bench.product import wrong_figures
from onearm.product import dosing
from onearm.product.dosing import adjusted_kg, ideal_kg, predicted_kg, target_m

CASE = {
    "counted_m": D(100),
    "viability_percent": D(92),
    "decay_per_h": D("0.0966"),
    "hours": D("1.25"),
    "given_ml": D(48),
    "total_ml": D(50),
}


def test_the_worked_dose_of_the_design():
    delivered = dosing.delivered_m(**CASE)
    assert delivered == D("78.274085")
    assert dosing.per_kg(delivered, D(80)) == D("0.978426")
    assert dosing.deviation(delivered, D(80)) == D("-0.021574")


def test_dmso_and_endotoxin_of_the_design():
    share = {"product_ml": D(20), "given_ml": D(48), "total_ml": D(50), "weight_kg": D(80)}
    dmso = {"dmso_percent": D(10), "density_g_per_ml": D("1.10"), "removed_share": D(0)}
    assert dosing.dmso_g_per_kg(**share, **dmso) == D("0.0264")
    assert dosing.dmso_g_per_kg(**share, **{**dmso, "removed_share": D("0.5")}) == D("0.0132")
    assert dosing.endotoxin_eu_per_kg(eu_per_ml=D("0.5"), **share) == D("0.12")


def test_predicted_weights_of_the_design():
    assert predicted_kg("male", D(170)) == D("66.016")
    assert predicted_kg("female", D(160)) == D("52.416")
    assert round((95 / predicted_kg("male", D(170)) - 1) * 100, 1) == D("43.9")


def test_adjusted_weight_lies_two_fifths_of_the_way_from_the_ideal_one():
    ideal = ideal_kg("male", D(170))
    assert ideal == D("65.937008")  # 50 + 2.3 x 17.6 / 2.54
    assert adjusted_kg("male", D(170), D(95)) == D("77.562205")
    assert adjusted_kg("male", D(170), ideal) == ideal
    assert adjusted_kg("female", D(160), D(90), share=D(1)) == D(90)


@pytest.mark.parametrize("formula", [predicted_kg, ideal_kg])
def test_without_a_known_sex_there_is_no_predicted_weight(formula):
    with pytest.raises(ValueError, match="sex unknown"):
        formula("unknown", D(170))


def test_a_count_after_the_drops_is_refused():
    with pytest.raises(ValueError, match="the count came after them"):
        dosing.delivered_m(**{**CASE, "hours": D("-0.01")})


def test_more_given_than_there_was_is_refused():
    with pytest.raises(ValueError, match="60 mL given of 50 mL"):
        dosing.delivered_m(**{**CASE, "given_ml": D(60)})


def test_hours_run_from_the_count_to_the_middle_of_the_drops():
    at = datetime(2020, 4, 8, 12, tzinfo=UTC)
    assert dosing.hours_to_drops(at - timedelta(minutes=65), at, at + timedelta(minutes=20)) == D("1.25")
    assert dosing.hours_to_drops(at + timedelta(hours=1), at, at) == D(-1)
    assert dosing.hours_to_drops(at, at, at + timedelta(milliseconds=1)) * 7_200_000 == D(1).quantize(D("1e-27"))


def test_a_flat_dose_is_typed_and_the_dose_per_kg_follows():
    assert dosing.planned_m_per_kg(D(100), D(80)) == D("1.25")
    assert target_m(D("1.25"), D(80)) == D(100)


def test_half_a_digit_goes_to_the_even_one():
    assert dosing.stored(D("0.0000005")) == 0
    assert dosing.stored(D("0.0000015")) == D("0.000002")


def test_the_series_of_the_reference_is_that_of_the_exponential():
    assert exp_minus(F(0)) == 1
    with localcontext() as context:
        context.prec = 90
        for x in ("0.000001", "0.5", "1", "7.25", "48"):
            assert abs(exp_minus(F(x)) / F((-D(x)).exp()) - 1) < F(1, 10**65)  # 80 digits after the point


def test_no_generated_dose_is_off_by_more_than_the_last_stored_digit():
    assert wrong_figures(part=0, count=2_000) == 0


def test_a_wrong_formula_is_found(monkeypatch):
    monkeypatch.setattr(dosing, "stored", lambda value: value.quantize(D("0.0001")))
    assert wrong_figures(part=0, count=20) > 0
