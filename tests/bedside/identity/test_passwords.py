import time
from statistics import median

import pytest
import write_blocked_passwords
from argon2 import extract_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.bedside.identity.passwords import (
    LONGEST,
    SHORTEST,
    Cost,
    Weakness,
    check_password,
    hash_password,
    verify_password,
)

CHEAP = Cost(time_cost=1, memory_kib=64, parallelism=1)
FINE = "viaja el tren a Béjar"


def test_the_cost_is_that_of_the_design():
    stored = hash_password(FINE)
    found = extract_parameters(stored)
    assert stored.startswith("$argon2id$")
    assert (found.time_cost, found.memory_cost, found.parallelism) == (3, 65_536, 4)
    assert verify_password(FINE, stored).right


@settings(max_examples=30)
@given(st.text(max_size=40), st.text(max_size=40))
def test_only_the_same_password_is_right(password, other):
    stored = hash_password(password, CHEAP)
    assert verify_password(password, stored, CHEAP).right
    if write_blocked_passwords.unicodedata.normalize("NFKC", password + other) != password and other:
        assert not verify_password(password + other, stored, CHEAP).right


def test_two_hashes_of_one_password_differ():
    assert hash_password(FINE, CHEAP) != hash_password(FINE, CHEAP)


def test_an_accent_is_one_whatever_the_keyboard_sends():
    stored = hash_password("contrasen\u0303a larga", CHEAP)
    assert verify_password("contraseña larga", stored, CHEAP).right


def test_a_cheaper_hash_is_right_and_told_to_be_outdated():
    verified = verify_password(FINE, hash_password(FINE, CHEAP), Cost(1, 128, 1))
    assert verified.right and verified.outdated
    assert not verify_password(FINE, hash_password(FINE, CHEAP), CHEAP).outdated


@pytest.mark.parametrize("stored", [None, "", "no hash", "$argon2id$broken"])
def test_no_account_and_a_broken_hash_are_never_right(stored):
    assert not verify_password("", stored, CHEAP).right
    assert not verify_password(FINE, stored, CHEAP).right


def test_an_unknown_account_takes_as_long_as_a_wrong_password():
    cost = Cost(2, 8_192, 1)
    stored = hash_password(FINE, cost)

    def took(against):
        start = time.perf_counter()
        verify_password("something else", against, cost)
        return time.perf_counter() - start

    known, unknown = median(took(stored) for _ in range(15)), median(took(None) for _ in range(15))
    assert 0.4 < unknown / known < 2.5  # without a stand-in it is far below 0.01


def test_a_password_of_any_length_is_no_work():
    assert not verify_password("x" * 10**7, hash_password(FINE, CHEAP), CHEAP).right
    assert check_password("x" * 10**7) == (Weakness.TOO_LONG,)


@pytest.mark.parametrize(
    "password",
    [
        FINE,
        "correct battery clip",
        "7 gatos en el andén",
        "zR9#kLm2!vQx",
        "un perro azul cojea",
        "水をたくさん飲む猫がいました",
    ],
)
def test_a_fine_password_is_taken_without_rules_of_composition(password):
    assert check_password(password, ("A0031", "balmys19")) == ()


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("kf8#Lq2!vX9", Weakness.TOO_SHORT),
        ("Password1234", Weakness.COMMON),
        ("P@ssw0rd-2031!", Weakness.COMMON),
        ("1q2w3e4r5t6y", Weakness.COMMON),
        ("Contraseña2024", Weakness.COMMON),
        ("contrasen\u0303a2024", Weakness.COMMON),
        ("***Hospital***", Weakness.COMMON),
        ("HospitalHospital", Weakness.COMMON),
        ("mi OneArm de hoy", Weakness.HOLDS_A_NAME),
        ("el a-0031 soy yo", Weakness.HOLDS_A_NAME),
        ("cafe balmys 19 té", Weakness.HOLDS_A_NAME),
        ("aaaaaaaaaaaa", Weakness.REPEATED),
        ("abababababab", Weakness.REPEATED),
        ("gatogatogatoga", Weakness.REPEATED),
        ("123123123123", Weakness.REPEATED),
        ("abcdefghijklm", Weakness.SEQUENCE),
        ("9876543210987", Weakness.SEQUENCE),
        ("qwertyuiopñlkjh", Weakness.SEQUENCE),
        ("1234asdf4321zxcv", Weakness.SEQUENCE),
    ],
)
def test_a_password_that_is_easily_guessed_is_told_why(password, weakness):
    assert weakness in check_password(password, ("A0031", "balmys19"))


def test_a_short_name_blocks_nothing():
    assert check_password(FINE, ("el", "a", "")) == ()


@given(st.text(max_size=LONGEST + 5))
def test_no_text_breaks_the_check(text):
    found = check_password(text, (text,))
    assert len(set(found)) == len(found)


def test_the_blocked_list_is_what_its_script_writes_and_long_enough():
    listed = write_blocked_passwords.passwords()
    file = write_blocked_passwords.FOLDER / "blocked_passwords.txt"
    assert file.read_text(encoding="utf-8") == write_blocked_passwords.text()
    assert len(listed) >= 3000 and all(len(password) >= SHORTEST for password in listed)
    assert all(Weakness.COMMON in check_password(password.upper()) for password in listed[::50])
