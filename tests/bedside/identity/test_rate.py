from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from onearm.bedside.identity.rate import (
    LONGEST_WAIT_S,
    WINDOW_MS,
    Failures,
    admit,
    failures_of,
    forget_old,
    forgive,
    note_failure,
    wait_s,
)
from onearm.bedside.identity.tables import FAILURES

NOW = 1_586_595_600_000
TIMES = st.lists(st.integers(NOW - 2 * WINDOW_MS, NOW), max_size=60)


def waits(count, ago_ms=0):
    return wait_s(Failures([NOW - ago_ms] * count, ()), NOW)


def test_five_are_free_then_the_wait_doubles_up_to_a_minute():
    assert [waits(n) for n in range(13)] == [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [wait_s(Failures((), [NOW] * n), NOW) for n in (19, 20, 21)] == [0, 2, 4]


def test_time_that_passed_is_taken_off_rounded_up():
    assert [waits(5, ago) for ago in (0, 1, 1000, 1001, 1999, 2000, 5000)] == [2, 2, 1, 1, 1, 0, 0]


@given(TIMES, TIMES)
def test_nobody_is_locked_out(of_account, from_address):
    wait = wait_s(Failures(of_account, from_address), NOW)
    assert 0 <= wait <= LONGEST_WAIT_S
    assert wait_s(Failures(of_account, from_address), NOW + 1000 * wait) == 0
    assert wait_s(Failures(of_account, from_address), NOW + WINDOW_MS) == 0


@given(TIMES, st.integers(NOW - WINDOW_MS, NOW))
def test_one_more_failure_now_never_shortens_the_wait(failed_at, more):
    assert wait_s(Failures([*failed_at, NOW], ()), NOW) >= wait_s(Failures(failed_at, ()), NOW)
    assert wait_s(Failures(failed_at, [more]), NOW) >= wait_s(Failures(failed_at, ()), NOW)


def test_failures_are_kept_by_account_and_address(connection):
    for n in range(3):
        note_failure(connection, "A0031", "192.0.2.1", NOW + n)
    note_failure(connection, "A0031", "192.0.2.2", NOW + 5)
    note_failure(connection, "A0032", "192.0.2.1", NOW + 6)
    found = failures_of(connection, "A0031", "192.0.2.1", NOW + 10)
    assert list(found.of_account) == [NOW, NOW + 1, NOW + 2, NOW + 5]
    assert list(found.from_address) == [NOW, NOW + 1, NOW + 2, NOW + 6]
    assert len(failures_of(connection, "A0031", "192.0.2.1", NOW + WINDOW_MS + 1).of_account) == 2


def test_a_stranger_who_guesses_elsewhere_does_not_hold_up_a_bedside_check(connection):
    for _ in range(30):
        note_failure(connection, "A0031", "203.0.113.9", NOW)
    assert admit(connection, "A0031", "192.0.2.1", NOW) == 60
    assert admit(connection, "A0031", "192.0.2.1", NOW, in_session=True) == 0


def test_attempts_are_admitted_until_the_limit_and_forgiven_after_a_right_one(connection):
    assert [admit(connection, "A0031", "192.0.2.1", NOW) for _ in range(7)] == [0, 0, 0, 0, 0, 2, 2]
    assert admit(connection, "A0031", "192.0.2.1", NOW + 2000) == 0
    assert admit(connection, "A0031", "192.0.2.1", NOW + 2000) == 4
    assert admit(connection, "A0032", "192.0.2.1", NOW + 2000) == 0
    forgive(connection, "A0031")
    assert admit(connection, "A0031", "192.0.2.1", NOW + 2000) == 0
    assert len(failures_of(connection, "A0032", "192.0.2.1", NOW + 2000).of_account) == 1


def test_guesses_sent_all_at_once_count_each_other(access):
    def guess(_):
        with access.connect() as connection:
            if access.dialect.name == "sqlite":  # what `write_transaction` of the ledger does
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
            wait = admit(connection, "A0031", "192.0.2.1", NOW)
            connection.commit()
            return wait

    with ThreadPoolExecutor(8) as pool:
        assert sum(wait == 0 for wait in pool.map(guess, range(24))) == 5


def test_what_is_no_account_is_not_kept(connection):
    note_failure(connection, "my secret password", "192.0.2.1", NOW)
    assert connection.execute(FAILURES.select()).one().account_id == "-"
    assert len(failures_of(connection, "another password", "192.0.2.7", NOW).of_account) == 1


def test_old_failures_are_forgotten(connection):
    note_failure(connection, "A0031", "192.0.2.1", NOW)
    note_failure(connection, "A0031", "192.0.2.1", NOW + 1)
    assert forget_old(connection, NOW + WINDOW_MS) == 1
    assert len(failures_of(connection, "A0031", "192.0.2.1", NOW + 2).of_account) == 1
