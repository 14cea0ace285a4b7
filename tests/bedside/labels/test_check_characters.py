from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.bedside.labels.check_characters import (
    catches_every_swap,
    label_check,
    neighbours_swapped,
    new_container_id,
)
from onearm.vocabulary.identifiers import has_check_character, with_check_character

ALNUM = digits + ascii_uppercase
IDS = st.text(ALNUM + "-", min_size=1, max_size=64)


def test_the_vector_of_the_standard():
    assert label_check("G123489654321") == "Y"  # python-stdnum's example of ISO 7064 MOD 37-2


@given(IDS, st.data())
def test_a_wrong_character_changes_the_check(text, data):
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(ALNUM + "-"))
    wrong = text[:at] + other + text[at + 1 :]
    assert (label_check(wrong) == label_check(text)) == (wrong == text)


@given(IDS)
def test_a_swap_changes_the_check(text):
    assert all(label_check(swapped) != label_check(text) for swapped in neighbours_swapped(text))


@pytest.mark.parametrize("text", ["", "a", "S01*", "S01/4", "É"])
def test_other_characters_carry_none(text):
    with pytest.raises(ValueError):
        label_check(text)


def test_mod_37_36_lets_some_swaps_through_and_the_own_check_sees_them():
    """Why subject ids carry another check on labels: 2,400 of the 100,000 ids SNN-NNN, here of four sites."""
    own = [with_check_character(f"S{site:02}{n:03}") for site in range(4) for n in range(1000)]
    assert sum(not catches_every_swap(c) for c in own) == 40
    assert not catches_every_swap("S001310") and has_check_character("S001301")


def test_new_container_ids_leave_no_error_open():
    ids = {new_container_id() for _ in range(300)}
    assert len(ids) == 300
    for id in ids:
        wrong = {id[:i] + c + id[i + 1 :] for i in range(11) for c in ALNUM} - {id}
        assert len(id) == 11 and has_check_character(id)
        assert not any(map(has_check_character, wrong | set(neighbours_swapped(id))))
