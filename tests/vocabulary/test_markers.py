from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.vocabulary.markers import MARKERS, Standing, UnitError, convert

BY_HAND = [
    ("crp", "12.3", "mg/dL", "123"),
    ("ldh", "5", "ukat/L", "300"),
    ("pao2", "10", "kPa", "75.00615758"),
    ("temperature", "104", "degF", "40"),
    ("weight", "180", "lb", "81.6466266"),
    ("lymphocytes", "1200", "cells/uL", "1.2"),
    ("fio2", "60", "%", "0.6"),
    ("creatinine", "1", "mg/dL", "88.4"),
    ("lactate", "9.008", "mg/dL", "1"),
    ("height", "70", "in", "177.8"),
    ("d_dimer_feu", "0.5", "mg/L", "500"),
    ("peep", "10", "mbar", "10.19716213"),
]
SCORES = ("gcs", "sofa_total", "sofa_renal", "who_scale_2020", "who_ordinal_feb2020")


@pytest.mark.parametrize(("marker", "value", "unit", "expected"), BY_HAND)
def test_conversion_gives_the_value_computed_by_hand(marker, value, unit, expected):
    assert str(convert(marker, Decimal(value), unit)) == expected


@pytest.mark.parametrize("spelling", ["MG/DL", "mg / dl", " mg/dL "])
def test_harmless_spellings_of_a_unit_are_the_same(spelling):
    assert convert("crp", Decimal("1"), spelling) == 10


@pytest.mark.parametrize("spelling", ["µg/L", "μg/L", "ug/l", "mcg/L"])
def test_micro_is_written_in_many_ways(spelling):
    assert convert("ferritin", Decimal("1850"), spelling) == 1850


@pytest.mark.parametrize("spelling", ["10^9/L", "10*9/L", "10⁹/L", "x10^9/L", "×10e9/L"])
def test_powers_of_ten_are_written_in_many_ways(spelling):
    assert convert("lymphocytes", Decimal("1.2"), spelling) == Decimal("1.2")


def test_unknown_unit_names_the_accepted_ones():
    with pytest.raises(UnitError, match=r"ferritin does not accept the unit 'mg/dL'; give one of: ug/L, ng/mL\."):
        convert("ferritin", Decimal(1), "mg/dL")


def test_lymphocyte_count_without_a_unit_is_refused():
    with pytest.raises(UnitError, match="lymphocytes has no unit"):
        convert("lymphocytes", Decimal("1.2"), "")


@pytest.mark.parametrize(("marker", "unit"), [("d_dimer_feu", "ug/L DDU"), ("d_dimer_ddu", "ng/mL{FEU}"), ("crp", "%")])
def test_units_of_another_analyte_are_refused(marker, unit):
    with pytest.raises(UnitError):
        convert(marker, Decimal(1), unit)


def test_noradrenaline_per_minute_needs_a_weight():
    assert convert("noradrenaline_rate", Decimal(8), "ug/min", weight_kg=Decimal(80)) == Decimal("0.1")
    assert convert("noradrenaline_rate", Decimal("0.1"), "ug/kg/min") == Decimal("0.1")
    with pytest.raises(UnitError, match="needs a weight"):
        convert("noradrenaline_rate", Decimal(8), "ug/min")
    with pytest.raises(ValueError, match="above 0"):
        convert("noradrenaline_rate", Decimal(8), "ug/min", weight_kg=Decimal(0))


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_value_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="not a number"):
        convert("crp", Decimal(value), "mg/L")


def test_fraction_of_oxygen_between_1_and_21_is_refused():
    assert MARKERS["fio2"].standing(convert("fio2", Decimal(5), "fraction")) is Standing.REFUSED
    assert MARKERS["fio2"].standing(convert("fio2", Decimal(60), "%")) is Standing.USUAL


def test_value_between_usual_and_hard_limit_is_unusual():
    assert [MARKERS["crp"].standing(Decimal(v)) for v in (500, 501, 1001)] == [
        Standing.USUAL,
        Standing.UNUSUAL,
        Standing.REFUSED,
    ]


@pytest.mark.parametrize("marker", SCORES)
def test_score_is_a_whole_number(marker):
    assert MARKERS[marker].standing(Decimal("3.5")) is Standing.REFUSED
    assert MARKERS[marker].standing(Decimal(3)) is Standing.USUAL


@given(marker=st.sampled_from(sorted(MARKERS)), value=st.decimals(-1000, 1000, places=4), data=st.data())
def test_conversion_is_exact_to_ten_digits(marker, value, data):
    unit = data.draw(st.sampled_from(sorted(MARKERS[marker].units)))
    how = MARKERS[marker].units[unit]
    exact = (Fraction(value) + how.add_first) * how.factor / (80 if how.per_kg else 1)
    got = convert(marker, value, unit, weight_kg=Decimal(80))
    assert abs(Fraction(got) - exact) <= abs(exact) * Fraction(1, 2 * 10**9)
    assert "E" not in str(got)


@pytest.mark.parametrize("marker", MARKERS.values(), ids=lambda m: m.name)
def test_every_marker_is_whole(marker):
    assert marker.hard[0] <= marker.usual[0] < marker.usual[1] <= marker.hard[1]
    assert marker.title_en and marker.title_es and marker.unit
    assert next(iter(marker.units)) == marker.unit and marker.units[marker.unit].factor == 1
    assert all(how.factor > 0 for how in marker.units.values())
    assert bool(marker.loinc) == (marker.loinc_status in {"seen", "field"})


def test_dictionary_holds_every_marker_of_the_design():
    assert len(MARKERS) == 41
    assert {m.name for m in MARKERS.values() if m.integer} >= {"gcs", "sofa_total", "who_scale_2020"}
