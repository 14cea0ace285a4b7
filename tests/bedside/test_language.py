"""Numbers and times as people type them, in both languages; stored codes never reach a sentence."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from onearm.bedside.language import (
    NoSuchTime,
    NotANumber,
    catalogue,
    read_local_time,
    read_number,
    say_in_words,
    shown_date,
    shown_number,
    shown_time,
)


@pytest.mark.parametrize(
    ("text", "value"), [("0,98", "0.98"), ("0.98", "0.98"), (" 80 ", "80"), ("-1,5", "-1.5"), ("0.125", "0.125")]
)
def test_a_comma_and_a_point_are_the_same(text, value):
    assert read_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["1.000", "1,000", "12.345", "1.000.000"])
def test_what_could_be_a_thousand_or_one_is_asked(text):
    with pytest.raises(NotANumber, match="ambiguous"):
        read_number(text)


@pytest.mark.parametrize("text", ["", "1e3", "٣", "1.2.3", "0x10", "NaN", "½", "1_000"])
def test_what_is_no_plain_number_is_refused(text):
    with pytest.raises(NotANumber):
        read_number(text)


def test_an_hour_that_came_twice_is_asked_and_one_that_never_was_is_refused():
    with pytest.raises(NoSuchTime, match="twice"):
        read_local_time("2020-10-25T02:30", "Europe/Madrid")
    first = read_local_time("2020-10-25T02:30", "Europe/Madrid", "first")
    second = read_local_time("2020-10-25T02:30", "Europe/Madrid", "second")
    assert (first, second) == (datetime(2020, 10, 25, 0, 30, tzinfo=UTC), datetime(2020, 10, 25, 1, 30, tzinfo=UTC))
    with pytest.raises(NoSuchTime, match="skipped"):
        read_local_time("2020-03-29T02:30", "Europe/Madrid")


def test_times_and_numbers_are_shown_as_people_read_them():
    moment = datetime(2020, 4, 11, 9, 40, tzinfo=UTC)
    assert shown_time(moment, "Europe/Madrid", "en") == "11 Apr 2020, 11:40 CEST"
    assert shown_time(moment, "Europe/Madrid", "es") == "11 abr 2020, 11:40 CEST"
    assert shown_date(moment.date(), "es") == "11 abr 2020"
    assert shown_number(Decimal("0.980000"), "es") == "0,98"


def test_codes_are_put_into_words():
    told = say_in_words("es", "refused.not_open", {"order": "O1", "status": "cancelled"})
    assert "cancelled" not in told and "O1" in told
    with pytest.raises(KeyError):
        say_in_words("es", "refused.not_open", {"order": "O1"})


def test_both_languages_hold_every_text():
    assert all(set(texts) == {"en", "es"} for texts in catalogue().values())
