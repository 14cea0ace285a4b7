"""Random tokens that a browser or a letter carries; the database keeps their digest alone."""

import secrets
from hashlib import sha256


def new_token() -> str:
    """256 random bits, safe in a cookie and in an address."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()
