from concurrent.futures import ThreadPoolExecutor

from onearm.bedside.identity.credentials import (
    INVITATION_MS,
    credential_of,
    enrol,
    invite,
    invited_account,
    replace_password,
    use_counter,
)
from onearm.bedside.identity.tables import CREDENTIALS


def test_an_invitation_becomes_a_credential_once(connection, now_ms):
    token = invite(connection, "A0031", now_ms)
    assert not credential_of(connection, "A0031").is_enrolled
    assert invited_account(connection, token, now_ms) == "A0031"
    assert enrol(connection, token, "hash", b"sealed", 7, now_ms + 1)
    found = credential_of(connection, "A0031")
    assert found.is_enrolled and (found.password_hash, found.sealed_totp, found.last_counter) == ("hash", b"sealed", 7)
    assert found.changed_at == now_ms + 1
    assert invited_account(connection, token, now_ms) is None
    assert not enrol(connection, token, "other", b"other", 8, now_ms + 2)
    assert credential_of(connection, "A0031").password_hash == "hash"


def test_the_token_is_not_stored(connection, now_ms):
    token = invite(connection, "A0031", now_ms)
    row = connection.execute(CREDENTIALS.select()).one()
    assert token not in map(str, row) and len(row.invitation_sha256) == 64


def test_an_invitation_ends(connection, now_ms):
    token = invite(connection, "A0031", now_ms)
    assert invited_account(connection, token, now_ms + INVITATION_MS - 1) == "A0031"
    assert invited_account(connection, token, now_ms + INVITATION_MS) is None
    assert not enrol(connection, token, "hash", b"sealed", 7, now_ms + INVITATION_MS)
    assert invited_account(connection, "guess", now_ms) is None


def test_recovery_stops_the_old_password_and_the_old_invitation(connection, now_ms):
    first = invite(connection, "A0031", now_ms)
    enrol(connection, first, "hash", b"sealed", 7, now_ms)
    second = invite(connection, "A0031", now_ms + 1)
    third = invite(connection, "A0031", now_ms + 2)
    assert not credential_of(connection, "A0031").is_enrolled
    assert [invited_account(connection, t, now_ms + 3) for t in (first, second, third)] == [None, None, "A0031"]


def test_a_password_is_replaced_for_enrolled_accounts_only(connection, now_ms):
    token = invite(connection, "A0031", now_ms)
    assert not replace_password(connection, "A0031", "new", now_ms)
    enrol(connection, token, "hash", b"sealed", 7, now_ms)
    assert replace_password(connection, "A0031", "new", now_ms + 5)
    assert credential_of(connection, "A0031").password_hash == "new"
    assert credential_of(connection, "A0031").changed_at == now_ms + 5
    assert not replace_password(connection, "A0099", "new", now_ms)
    assert credential_of(connection, "A0099") is None


def test_a_counter_only_rises(connection, now_ms):
    invite(connection, "A0031", now_ms)
    taken = [use_counter(connection, "A0031", c) for c in (5, 5, 4, 6, 6)]
    assert taken == [True, False, False, True, False]
    assert not use_counter(connection, "A0099", 5)


def test_one_code_signs_once_when_many_try_at_the_same_moment(access, now_ms):
    with access.begin() as connection:
        invite(connection, "A0031", now_ms)

    def sign(counter):
        with access.begin() as connection:
            return use_counter(connection, "A0031", counter)

    with ThreadPoolExecutor(8) as pool:
        for counter in range(10):
            assert sum(pool.map(sign, [counter] * 8)) == 1
