"""Passwords: argon2id, at least 12 characters, no rule of composition, none that is easily guessed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256  # characters
_NAME = 4  # characters of a name from which on it may not stand in a password
_RUN = 4  # neighbours in a row that count as a sequence
_LEFT = 6  # characters that must be left of a password without its sequences
_LEET = str.maketrans("0134578@$!€", "oieastbasie")
_FORWARD = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjklñ",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
)
_ROWS = (*_FORWARD, *(row[::-1] for row in _FORWARD))
# right length, wrong for every password: argon2 does all its work before it says no
_NOBODY = "$argon2id$v=19$m={memory_kib},t={time_cost},p={parallelism}${salt}${digest}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs. Tests pass less; the app never does."""

    time_cost: int = 3
    memory_kib: int = 64 * 1024
    parallelism: int = 4

    def hasher(self) -> PasswordHasher:
        """argon2id with this cost."""
        return PasswordHasher(self.time_cost, self.memory_kib, self.parallelism)


COST = Cost()


class Weakness(StrEnum):
    """Why a password is not taken."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    HOLDS_A_NAME = "holds_a_name"
    REPEATED = "repeated"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the password was right, and whether its hash is cheaper than today's and should be renewed."""

    right: bool
    outdated: bool = False


def hash_password(password: str, cost: Cost = COST) -> str:
    """The argon2id hash with its salt and cost, as it is stored."""
    return cost.hasher().hash(_normal(password))


def verify_password(password: str, stored: str | None, cost: Cost = COST) -> Verified:
    """Whether `password` is the one of `stored`. No account (None) takes as long as a wrong password."""
    hasher = cost.hasher()
    if len(password) > LONGEST:
        password, stored = "", None
    try:
        hasher.verify(stored or _nobody(cost), _normal(password))
    except (VerificationError, InvalidHashError):
        return Verified(False)
    return Verified(True, stored is not None and hasher.check_needs_rehash(stored))


def check_password(password: str, names: Iterable[str] = ()) -> tuple[Weakness, ...]:
    """Everything that is wrong with a new password; `names` are the account, the study, the site."""
    text = _normal(password).casefold()
    if len(text) > LONGEST:  # told apart first: nothing below runs on a text of any length
        return (Weakness.TOO_LONG,)
    found = {
        Weakness.TOO_SHORT: len(_normal(password)) < SHORTEST,
        Weakness.COMMON: _is_common(text),
        Weakness.HOLDS_A_NAME: _holds_a_name(text, ("onearm", *names)),
        Weakness.REPEATED: _is_repeated(text),
        Weakness.SEQUENCE: _is_sequence(text),
    }
    return tuple(weakness for weakness, is_so in found.items() if is_so)


def _normal(password: str) -> str:
    """One form for what looks the same: keyboards differ in how they send an accent."""
    return unicodedata.normalize("NFKC", password)


def _nobody(cost: Cost) -> str:
    return _NOBODY.format(
        memory_kib=cost.memory_kib,
        time_cost=cost.time_cost,
        parallelism=cost.parallelism,
        salt="A" * 22,
        digest="A" * 43,
    )


def _is_common(text: str) -> bool:
    """On the list, or a common word with anything but letters around it (`P@ssw0rd-2031!`)."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    listed, words = _lines("blocked_passwords.txt"), _lines("common_words.txt")
    return not listed.isdisjoint((text, text.translate(_LEET))) or not words.isdisjoint((core, core.translate(_LEET)))


def _holds_a_name(text: str, names: Iterable[str]) -> bool:
    joined = re.sub(r"[\W_]", "", text)
    folded = (re.sub(r"[\W_]", "", _normal(name).casefold()) for name in names)
    return any(len(name) >= _NAME and name in joined for name in folded)


def _is_repeated(text: str) -> bool:
    """A piece of up to a third of it over and over, or fewer than five different characters."""
    pieces = (text[:length] for length in range(1, len(text) // 3 + 1))
    return len(set(text)) < 5 or any((piece * len(text))[: len(text)] == text for piece in pieces)


def _is_sequence(text: str) -> bool:
    """Hardly anything is left without its runs along the alphabet, the digits or a row of the keyboard."""
    left, run = 0, text[:1]
    for c in text[1:]:
        if any(run + c in row for row in _ROWS):
            run += c
            continue
        left += len(run) if len(run) < _RUN else 0
        run = c
    left += len(run) if len(run) < _RUN else 0
    return len(text) >= _RUN and left < _LEFT


@cache
def _lines(name: str) -> frozenset[str]:
    text = files("onearm.bedside.identity").joinpath(name).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
