import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.bedside.identity.second_factor import (
    KeyFileError,
    SealError,
    accepted_counter,
    enrolment_qr,
    enrolment_uri,
    new_secret,
    open_key,
)

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # of RFC 6238, appendix B: 12345678901234567890
TIMES = st.integers(0, 4_000_000_000_000)


def code_at(now_ms, steps=0):
    return pyotp.TOTP(SECRET).generate_otp(now_ms // 30_000 + steps)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_vectors_of_rfc_6238(seconds, code):
    assert accepted_counter(SECRET, code, 1000 * seconds, -1) == seconds // 30


@given(TIMES, st.integers(-3, 3))
def test_one_step_either_way_is_accepted(now_ms, steps):
    counter = now_ms // 30_000 + steps
    if counter < 0:
        return
    accepted = accepted_counter(SECRET, code_at(now_ms, steps), now_ms, -1)
    if abs(steps) <= 1:
        assert accepted is not None
    near = {code_at(now_ms, s): now_ms // 30_000 + s for s in (1, 0, -1) if now_ms // 30_000 + s >= 0}
    assert accepted == near.get(code_at(now_ms, steps))


@given(TIMES, st.integers(-1, 1), st.integers(-1, 1))
def test_a_used_code_and_older_ones_are_refused(now_ms, used, tried):
    current = now_ms // 30_000
    accepted = accepted_counter(SECRET, code_at(now_ms, max(tried, -current)), now_ms, current + used)
    assert accepted is None or accepted > current + used


def test_a_code_is_good_once(now_ms):
    first = accepted_counter(SECRET, code_at(now_ms), now_ms, -1)
    assert first is not None and accepted_counter(SECRET, code_at(now_ms), now_ms + 5_000, first) is None


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", "12 34", "²34567", "1.2345"]
)
def test_anything_but_six_digits_is_refused(code, now_ms):
    assert accepted_counter(SECRET, code, now_ms, -1) is None


def test_blanks_are_left_out(now_ms):
    code = code_at(now_ms)
    assert accepted_counter(SECRET, f" {code[:3]} {code[3:]} ", now_ms, -1) == now_ms // 30_000


def test_what_an_authenticator_app_is_told():
    secret = new_secret()
    uri = urlsplit(enrolment_uri(secret, "A0031", "balmys19"))
    said = {name: values[0] for name, values in parse_qs(uri.query).items()}
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/onearm balmys19:A0031")
    assert said["secret"] == secret and said["issuer"] == "onearm balmys19"
    assert pyotp.parse_uri(uri.geturl()).digits == 6 and pyotp.parse_uri(uri.geturl()).interval == 30
    assert len(secret) == 32 and new_secret() != secret


def test_the_qr_code_says_the_uri_and_its_words_do_not():
    import numpy as np
    import zxingcpp

    svg = enrolment_qr(SECRET, "A0031", "balmys19", "code for your app")
    assert SECRET not in svg and "code for your app" in svg
    symbol = zxingcpp.create_barcode(
        enrolment_uri(SECRET, "A0031", "balmys19"), zxingcpp.BarcodeFormat.QRCode, ec_level="M"
    )
    read = zxingcpp.read_barcode(np.array(symbol.to_image(scale=4)))
    assert read.text == enrolment_uri(SECRET, "A0031", "balmys19")


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    path = tmp_path / "totp.key"
    sealed = open_key(path).seal(SECRET, "A0031")
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_key(path).open(sealed, "A0031") == SECRET
    assert [p.name for p in tmp_path.iterdir()] == ["totp.key"]
    assert path.read_text().startswith("AGE-SECRET-KEY-1") and SECRET.encode() not in sealed


def test_many_processes_that_start_at_once_share_one_key(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: open_key(tmp_path / "totp.key"), range(64)))
    sealed = keys[0].seal(SECRET, "A0031")
    assert all(key.open(sealed, "A0031") == SECRET for key in keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o620, 0o601])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "totp.key"
    open_key(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        open_key(path)


def test_a_key_of_somebody_else_is_refused(tmp_path, monkeypatch):
    open_key(tmp_path / "totp.key")
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    with pytest.raises(KeyFileError, match="another user"):
        open_key(tmp_path / "totp.key")


@pytest.mark.parametrize("content", [b"", b"AGE-SECRET-KEY-1QQQQ", b"\xff\xfe"])
def test_a_file_without_a_key_is_told_and_left_alone(tmp_path, content):
    path = tmp_path / "totp.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="restore"):
        open_key(path)
    assert path.read_bytes() == content


def test_a_sealed_secret_opens_with_its_key_for_its_account_only(tmp_path):
    key = open_key(tmp_path / "one.key")
    sealed = key.seal(SECRET, "A0031")
    with pytest.raises(SealError, match="another account"):
        key.open(sealed, "A0032")
    with pytest.raises(SealError, match="another key"):
        open_key(tmp_path / "two.key").open(sealed, "A0031")
    with pytest.raises(SealError):
        key.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "A0031")
    assert "AGE-SECRET-KEY" not in repr(key)
