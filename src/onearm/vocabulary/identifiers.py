"""Identifiers: their alphabet, the ISO 7064 check character, and what must never stand in one or in free text."""

import re

ID_PATTERN = r"^[A-Z0-9-]{1,64}$"
OWN_SUBJECT = r"^S[0-9]{2}-[0-9]{3}$"
VIRTUAL_SUBJECT = r"^V[0-9]{2}-[0-9]{3,6}$"

_MOD_37_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_DNI = re.compile(r"(?<![A-Za-z0-9])([XYZxyz]?)[ -]?(\d{7,8}|\d{1,2}\.\d{3}\.\d{3})[ -]?([A-Za-z])(?![A-Za-z0-9])")
_PHONE_ABROAD = re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)")
_PHONE_SPAIN = re.compile(r"(?<![\w.,-])[6-9]\d{2}(?:[ .-]?\d{3}[ .-]?\d{3}|(?:[ .-]?\d{2}){3})(?![\w-])(?![.,]\d)")
# every text the expressions above can match holds one of these: a quick first sieve (no look-around, runs in polars)
MAY_HOLD_PERSONAL_DATA = r"@|\d[ ().-]{0,2}\d[ ().-]{0,2}\d[ ().-]{0,2}\d[ ().-]{0,2}\d[ ().-]{0,2}\d[ ().-]{0,2}\d"


def check_character(code: str) -> str:
    """The check character of ISO 7064 MOD 37,36 (hybrid system): `C7Q2M4XK8T` gives `K`.

    Raises ValueError when `code` is empty or holds anything but 0-9 and A-Z.
    """
    if not code or any(c not in _MOD_37_36 for c in code):
        raise ValueError(f"{code!r}: only 0-9 and A-Z carry a check character.")
    p = 36
    for c in code:
        s = (p + _MOD_37_36.index(c)) % 36 or 36
        p = s * 2 % 37
    return _MOD_37_36[(37 - p) % 36]


def with_check_character(code: str) -> str:
    """`C7Q2M4XK8T` gives `C7Q2M4XK8TK`."""
    return code + check_character(code)


def has_check_character(code: str) -> bool:
    """Whether the last character is the check character of those before it."""
    if len(code) < 2 or any(c not in _MOD_37_36 for c in code):
        return False
    return check_character(code[:-1]) == code[-1]


def is_identifier(text: str) -> bool:
    """ASCII `[A-Z0-9-]`, 1 to 64 characters."""
    return re.fullmatch(r"[A-Z0-9-]{1,64}", text) is not None


def personal_data(text: str) -> str | None:
    """What kind of personal data a free text holds: "e-mail", "national id", "phone", or None.

    A national id is a Spanish DNI or NIE whose check letter is right; a phone is an international number or a Spanish
    one of nine digits.
    """
    if _EMAIL.search(text):
        return "e-mail"
    if any(_is_national_id(*match.groups()) for match in _DNI.finditer(text)):
        return "national id"
    if _PHONE_ABROAD.search(text) or _PHONE_SPAIN.search(text):
        return "phone"
    return None


def _is_national_id(prefix: str, digits: str, letter: str) -> bool:
    number = digits.replace(".", "")
    if prefix:  # NIE: X, Y, Z stand for 0, 1, 2 before seven digits
        number = str("XYZ".index(prefix.upper())) + number
    return len(number) == 8 and _DNI_LETTERS[int(number) % 23] == letter.upper()
