import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.vocabulary.identifiers import (
    MAY_HOLD_PERSONAL_DATA,
    check_character,
    has_check_character,
    is_identifier,
    personal_data,
    with_check_character,
)

ALPHABET = string.digits + string.ascii_uppercase


def test_check_character_of_the_design():
    assert with_check_character("C7Q2M4XK8T") == "C7Q2M4XK8TK"


def test_example_of_iso_7064_holds():
    assert check_character("A12425GABC1234002") == "M"  # ISO 7064 MOD 37,36, as used by the Global Release Identifier


def test_every_substitution_and_swap_of_the_code_is_caught():
    code = "C7Q2M4XK8TK"
    wrong = {code[:i] + c + code[i + 1 :] for i in range(len(code)) for c in ALPHABET if c != code[i]}
    swapped = {code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(len(code) - 1)} - {code}
    assert len(wrong) == 11 * 35 and len(swapped) == 10
    assert not any(map(has_check_character, wrong | swapped))


@given(st.text(ALPHABET, min_size=1, max_size=20))
def test_code_with_its_character_is_recognised(code):
    assert has_check_character(with_check_character(code))


@pytest.mark.parametrize("code", ["", "C7-Q", "c7q2", "Ñ"])
def test_other_characters_have_no_check_character(code):
    with pytest.raises(ValueError, match="only 0-9 and A-Z"):
        check_character(code)


@pytest.mark.parametrize(
    ("text", "valid"),
    [("S01-001", True), ("", False), ("s01", False), ("A" * 65, False), ("A\n", False), ("Á", False)],
)
def test_identifier_is_ascii_capitals_digits_and_hyphens(text, valid):
    assert is_identifier(text) is valid


PERSONAL = [
    ("call 612 34 56 78 tonight", "phone"),
    ("tel. 923-291-100", "phone"),
    ("tel 612345678.", "phone"),
    ("wife +44 20 7946 0958", "phone"),
    ("0034 923 291 100", "phone"),
    ("DNI 12345678Z", "national id"),
    ("12.345.678-Z", "national id"),
    ("12345678z", "national id"),
    ("NIE X1234567L", "national id"),
    ("write to ana.perez@hospital.example", "e-mail"),
]
HARMLESS = [
    "12345678A",  # wrong check letter
    "infused 2020-04-11 09:40 to 10:10",
    "lot 2104-B, 100 million cells in 50 mL",
    "1850.25",
    "n = 1,000,000 of 67,886",
    "ISBN 978-3-16-148410-0",
    "NCT04348461",
    "PMC12574785",
    "100000000 cells",
]


@pytest.mark.parametrize(("text", "kind"), PERSONAL)
def test_personal_data_is_seen(text, kind):
    assert personal_data(text) == kind
    assert re.search(MAY_HOLD_PERSONAL_DATA, text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_let_through(text):
    assert personal_data(text) is None


@given(st.text("0123456789 +-.()@abzZ", max_size=40))
def test_quick_sieve_lets_no_personal_data_pass(text):
    if personal_data(text) is not None:
        assert re.search(MAY_HOLD_PERSONAL_DATA, text)
