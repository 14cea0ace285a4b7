"""Forms from elsewhere are refused: a token that only pages of this session hold, and the origin a browser names."""

import hmac
import secrets
from hashlib import sha256
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_NONCE = 32  # characters


def csrf_token(session_token: str) -> str:
    """A token for the forms of a session, another one on every page, none of them stored."""
    nonce = secrets.token_hex(_NONCE // 2)
    return nonce + _seal(nonce, session_token)


def is_csrf_token(token: str, session_token: str) -> bool:
    """Whether `token` was made for this session."""
    if not token.isascii():
        return False
    nonce, seal = token[:_NONCE], token[_NONCE:]
    return hmac.compare_digest(seal, _seal(nonce, session_token))


def same_origin(origin: str | None, referer: str | None, host: str, scheme: str = "https") -> bool:
    """Whether a browser says that a request came from a page of `scheme`://`host`.

    `Origin` counts, `Referer` only where there is none; without either the answer is no.
    """
    said = origin if origin is not None else referer
    if said is None:
        return False
    own = _origin_of(f"{scheme}://{host}")
    return own is not None and _origin_of(said) == own


def _seal(nonce: str, session_token: str) -> str:
    return hmac.new(session_token.encode(), b"csrf" + nonce.encode(), sha256).hexdigest()


def _origin_of(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.username is not None or not parts.hostname or port is None:
        return None
    return parts.scheme, parts.hostname, port
