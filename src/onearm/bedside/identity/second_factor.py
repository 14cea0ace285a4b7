"""The second factor: six digits of an authenticator app (TOTP, RFC 6238), each code good for one use.

SHA-1, six digits, 30 seconds: what every authenticator app understands. A secret is stored sealed (age) for the key in
a file beside the database, so a stolen database alone signs nothing.
"""

import hmac
import os
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pyotp
import pyrage

from onearm.bedside.labels.symbol import qr_svg

STEP_S = 30
DIGITS = 6
WINDOW = 1  # steps a clock may be off, either way


class KeyFileError(Exception):
    """The key file cannot be trusted or read; the text says why and what to do."""


class SealError(Exception):
    """A sealed secret that this key does not open, or that belongs to another account."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The x25519 identity that seals and opens secrets."""

    _identity: Any = field(repr=False)

    def seal(self, secret: str, account_id: str) -> bytes:
        """The secret as it is stored, bound to its account: moved to another row it does not open."""
        sealed = pyrage.encrypt(f"{account_id}\n{secret}".encode(), [self._identity.to_public()])
        return bytes(sealed)

    def open(self, sealed: bytes, account_id: str) -> str:
        """The secret. Raises SealError."""
        try:
            owner, _, secret = pyrage.decrypt(sealed, [self._identity]).decode().partition("\n")
        except (pyrage.DecryptError, UnicodeDecodeError) as closed:
            raise SealError("the second factor was sealed with another key; enrol it again.") from closed
        if owner != account_id:
            raise SealError(f"the second factor stored for {account_id} belongs to another account.")
        return str(secret)

    def derived(self, purpose: str) -> str:
        """A secret for another use: the same in every process that holds the key, and it tells nothing of the key."""
        return hmac.new(str(self._identity).encode(), purpose.encode(), sha256).hexdigest()

    def secret_for(self, purpose: str) -> bytes:
        """32 bytes that nobody finds without the key: the same for the same purpose."""
        return hmac.digest(str(self._identity).encode(), purpose.encode(), "sha256")


def open_key(path: Path) -> SealingKey:
    """The key in `path`, made there on first use, readable by its owner alone.

    Raises KeyFileError when group or others may read it, when it belongs to somebody else, or holds no key.
    """
    try:
        return _read_key(path)
    except FileNotFoundError:
        _write_new_key(path)
        return _read_key(path)


def new_secret() -> str:
    """160 random bits, in the alphabet that authenticator apps take by hand."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, account_id: str, study: str) -> str:
    """What the QR code of an enrolment says."""
    app = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    return app.provisioning_uri(name=account_id, issuer_name=f"onearm {study}")


def enrolment_qr(secret: str, account_id: str, study: str, said: str) -> str:
    """The QR code of an enrolment as inline SVG; `said` is what it tells a screen reader (never the secret)."""
    return qr_svg(enrolment_uri(secret, account_id, study), said)


def accepted_counter(secret: str, code: str, now_ms: int, last_counter: int) -> int | None:
    """The time step whose code this is, None for a wrong, old or used one. Store it before anything is signed.

    One step either way is accepted, and only steps after `last_counter`. Blanks are left out.
    """
    digits = code.replace(" ", "")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    current = now_ms // 1000 // STEP_S
    accepted = None
    for counter in range(max(0, current - WINDOW), current + WINDOW + 1):  # all of them, whatever fits: equal time
        if hmac.compare_digest(totp.generate_otp(counter), digits) and counter > last_counter and accepted is None:
            accepted = counter
    return accepted


def _read_key(path: Path) -> SealingKey:
    with path.open("r", encoding="ascii", errors="replace") as file:
        state = os.fstat(file.fileno())
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise KeyFileError(f"{path}: others may read it; run chmod 600 on it, and renew the key if they did.")
        if state.st_uid != os.geteuid():
            raise KeyFileError(f"{path}: it belongs to another user of this machine.")
        text = file.read().strip()
    try:
        return SealingKey(pyrage.x25519.Identity.from_str(text))
    except pyrage.IdentityError as unread:
        raise KeyFileError(f"{path}: holds no age identity; restore it from its backup.") from unread


def _write_new_key(path: Path) -> None:
    """Whole or not at all: a second process that starts now finds no file or a complete one, never half a key."""
    identity = str(pyrage.x25519.Identity.generate())
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.") as file:  # mode 0600
        file.write(identity + "\n")
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return  # the other process was first: its key counts
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
