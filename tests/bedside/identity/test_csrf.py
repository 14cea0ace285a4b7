import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.bedside.identity.csrf import csrf_token, is_csrf_token, same_origin
from onearm.bedside.identity.tokens import new_token

SESSION = new_token()


def test_a_token_is_good_for_its_session_and_differs_on_every_page():
    tokens = {csrf_token(SESSION) for _ in range(50)}
    assert len(tokens) == 50 and all(is_csrf_token(token, SESSION) for token in tokens)
    assert not any(is_csrf_token(token, new_token()) for token in tokens)
    assert SESSION not in "".join(tokens)


def test_any_changed_character_is_refused():
    token = csrf_token(SESSION)
    for i in range(len(token)):
        other = "0" if token[i] != "0" else "1"
        assert not is_csrf_token(token[:i] + other + token[i + 1 :], SESSION)


@given(st.text(max_size=120))
def test_no_text_is_a_token(text):
    assert not is_csrf_token(text, SESSION)


@pytest.mark.parametrize(
    ("origin", "referer", "host", "scheme", "same"),
    [
        ("https://trial.example", None, "trial.example", "https", True),
        ("https://trial.example:443", None, "TRIAL.example", "https", True),
        ("https://trial.example", None, "trial.example:443", "https", True),
        ("http://localhost:8000", None, "localhost:8000", "http", True),
        ("http://[::1]:8000", None, "[::1]:8000", "http", True),
        (None, "https://trial.example/patients?x=1", "trial.example", "https", True),
        ("http://trial.example", None, "trial.example", "https", False),
        ("https://trial.example:8443", None, "trial.example", "https", False),
        ("https://evil.example", "https://trial.example/", "trial.example", "https", False),
        ("null", "https://trial.example/", "trial.example", "https", False),
        ("", "https://trial.example/", "trial.example", "https", False),
        ("https://trial.example.evil", None, "trial.example", "https", False),
        ("https://trial.example@evil.example", None, "trial.example", "https", False),
        (None, "https://evil.example/https://trial.example", "trial.example", "https", False),
        (None, None, "trial.example", "https", False),
        ("https://", None, "", "https", False),
        ("https://trial.example:x", None, "trial.example:x", "https", False),
        ("https://[::1", None, "[::1", "https", False),
    ],
)
def test_only_our_own_pages_send_forms(origin, referer, host, scheme, same):
    assert same_origin(origin, referer, host, scheme) is same


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_the_check(origin, host):
    assert same_origin(origin, None, host) in (True, False)
