import pytest

from onearm.vocabulary.markers import MARKERS
from onearm.vocabulary.scales import (
    CTCAE_GRADE,
    DAY_STATE_LABELS,
    SOFA_PARTS,
    WHO_2020,
    WHO_FEB_2020,
    DayState,
    sofa_total,
)


def test_day_states_have_the_codes_of_the_evidence():
    assert [state.value for state in DayState] == [0, 1, 2, 3, 4]
    assert "".join(state.name for state in DayState) == "VEHDU"
    assert set(DAY_STATE_LABELS) == set(DayState)


@pytest.mark.parametrize("scale", [WHO_2020, WHO_FEB_2020])
def test_scale_covers_the_limits_of_its_marker(scale):
    assert (scale.low, scale.high) == MARKERS[scale.marker].hard
    assert sorted(scale.labels) == list(range(scale.low, scale.high + 1))


def test_value_outside_the_scale_has_no_label():
    assert WHO_2020.label(10) == "dead" and CTCAE_GRADE.label(5, "es") == "muerte"
    with pytest.raises(ValueError, match="0 to 8 is allowed"):
        WHO_FEB_2020.label(9)


def test_sofa_total_needs_all_six_parts():
    parts = dict.fromkeys(SOFA_PARTS, 2)
    assert sofa_total(parts) == 12
    assert sofa_total(parts | {"sofa_renal": None}) is None
    assert sofa_total({"sofa_renal": 4}) is None
    with pytest.raises(ValueError, match="0 to 4"):
        sofa_total({"sofa_renal": 5})
    with pytest.raises(ValueError, match="no SOFA part"):
        sofa_total({"sofa_total": 5})
