import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onearm.bedside.identity.sessions import (
    IDLE_AT_BEDSIDE_MS,
    IDLE_MS,
    LONGEST_MS,
    change_role,
    find_session,
    forget_ended,
    note_second_factor,
    open_session,
    revoke,
    revoke_account,
    touch,
)
from onearm.bedside.identity.tables import SESSIONS


@pytest.fixture
def opened(connection, now_ms):
    return open_session(connection, "A0031", "nurse", "S01", now_ms)


def test_a_session_is_found_by_its_token_alone(connection, opened, now_ms):
    assert find_session(connection, opened.token, now_ms) == opened.session
    for wrong in ("", opened.token[:-1], opened.token + "A", opened.session.token_sha256, "' OR 1=1 --"):
        assert find_session(connection, wrong, now_ms) is None


def test_the_token_is_256_random_bits_and_not_stored(connection, opened, now_ms):
    others = {open_session(connection, "A0031", "nurse", "S01", now_ms).token for _ in range(100)}
    assert len(others | {opened.token}) == 101 and all(len(token) == 43 for token in others)
    assert opened.token not in str(connection.execute(SESSIONS.select()).all())


@pytest.mark.parametrize(("at_bedside", "idle"), [(False, IDLE_MS), (True, IDLE_AT_BEDSIDE_MS)])
def test_idle_time_ends_a_session(connection, opened, now_ms, at_bedside, idle):
    assert idle == (30 if at_bedside else 15) * 60_000
    assert find_session(connection, opened.token, now_ms + idle - 1, at_bedside) is not None
    assert find_session(connection, opened.token, now_ms + idle, at_bedside) is None


def test_a_touch_starts_idle_time_again_and_a_clock_that_goes_back_does_not(connection, opened, now_ms):
    touch(connection, opened.session, now_ms + IDLE_MS - 1)
    assert find_session(connection, opened.token, now_ms + IDLE_MS + 5) is not None
    touch(connection, opened.session, now_ms - 10)
    assert find_session(connection, opened.token, now_ms).seen_at == now_ms + IDLE_MS - 1


def test_twelve_hours_end_it_however_busy(connection, opened, now_ms):
    for minute in range(0, 12 * 60, 10):
        at = now_ms + minute * 60_000
        assert find_session(connection, opened.token, at) is not None
        touch(connection, opened.session, at)
    touch(connection, opened.session, now_ms + LONGEST_MS - 1)
    assert find_session(connection, opened.token, now_ms + LONGEST_MS - 1) is not None
    assert find_session(connection, opened.token, now_ms + LONGEST_MS) is None


def test_another_role_means_another_token_and_no_longer_life(connection, opened, now_ms):
    changed = change_role(connection, opened.session, "investigator", "S02", now_ms + 60_000)
    assert changed.token != opened.token
    assert find_session(connection, opened.token, now_ms + 60_000) is None
    found = find_session(connection, changed.token, now_ms + 60_000)
    assert (found.role, found.site_id, found.expires_at) == ("investigator", "S02", opened.session.expires_at)
    assert change_role(connection, opened.session, "pharmacist", "S01", now_ms + 60_000) is None


def test_one_or_all_are_revoked(connection, opened, now_ms):
    second = open_session(connection, "A0031", "nurse", "S01", now_ms)
    third = open_session(connection, "A0031", "nurse", "S01", now_ms)
    other = open_session(connection, "A0032", "nurse", "S01", now_ms)
    assert revoke(connection, opened.token, now_ms + 1) and not revoke(connection, opened.token, now_ms + 2)
    assert revoke_account(connection, "A0031", now_ms + 3) == 2
    assert revoke_account(connection, "A0031", now_ms + 4) == 0
    found = [find_session(connection, o.token, now_ms + 5) for o in (opened, second, third, other)]
    assert found == [None, None, None, other.session]
    ended = dict(
        connection.execute(SESSIONS.select().with_only_columns(SESSIONS.c.token_sha256, SESSIONS.c.revoked_at)).all()
    )
    assert ended[opened.session.token_sha256] == now_ms + 1 and ended[third.session.token_sha256] == now_ms + 3


def test_the_second_factor_is_noted(connection, opened, now_ms):
    assert opened.session.second_factor_at is None
    note_second_factor(connection, opened.session, now_ms + 9)
    assert find_session(connection, opened.token, now_ms).second_factor_at == now_ms + 9
    assert open_session(connection, "A0031", "nurse", "S01", now_ms, now_ms).session.second_factor_at == now_ms


def test_ended_sessions_are_forgotten(connection, opened, now_ms):
    later = open_session(connection, "A0031", "nurse", "S01", now_ms + 5)
    assert forget_ended(connection, now_ms + LONGEST_MS) == 1
    assert find_session(connection, later.token, now_ms + 5) == later.session


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 20 * 60_000), st.booleans()), max_size=60))
def test_a_session_lives_while_no_pause_is_too_long(connection, now_ms, steps):
    opened = open_session(connection, "A0031", "nurse", "S01", now_ms)
    at = seen = now_ms
    for pause, at_bedside in steps:
        at += pause
        idle = IDLE_AT_BEDSIDE_MS if at_bedside else IDLE_MS
        alive = at - seen < idle and at - now_ms < LONGEST_MS
        assert (find_session(connection, opened.token, at, at_bedside) is not None) == alive
        if alive:
            touch(connection, opened.session, at)
            seen = at
