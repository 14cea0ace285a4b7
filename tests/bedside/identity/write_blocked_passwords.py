"""Writes the list of blocked passwords from the common words: what people make of them to reach twelve characters.

    python tests/bedside/identity/write_blocked_passwords.py

Our own list, no leaked one: the words were written down by hand, the patterns are those that password studies name
(word and digits, word and year, word twice, two words, walks over the keyboard, digits and dates).
"""

import unicodedata
from itertools import product
from pathlib import Path

import onearm.bedside.identity

FOLDER = Path(onearm.bedside.identity.__file__).parent
SHORTEST = 12
_WORDS = """
password contraseña clave secret secreto welcome bienvenido admin administrador letmein iloveyou teamo tequiero
qwerty qwertyuiop asdfgh asdfghjkl zxcvbnm qazwsx hospital doctor medico enfermera farmacia paciente salamanca
madrid barcelona españa realmadrid football futbol princess princesa sunshine monkey dragon master superman batman
pokemon starwars summer verano winter invierno spring primavera changeme cambiame temporal default onearm balmys
covid coronavirus investigacion research study estudio internet computer usuario username michael daniel maria
carmen jose antonio
"""
MOST_USED = _WORDS.split()
DIGITS = ("1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "0000", "1111")
YEARS = tuple(map(str, range(2015, 2031)))
SIGNS = (
    "!",
    "!!",
    ".",
    "#",
    "*",
    "@",
    "123!",
    "1234!",
    "@123",
    "@1234",
    "#123",
    "_123",
    "-123",
    "2020!",
    "2024!",
    "2025!",
)
WALKS = (
    *("qwertyuiop[]", "qwertyuiop123", "qwertyuiop1234", "qwertyuiopasdf", "qwertyuiopasdfghjkl", "asdfghjklzxcvbnm"),
    *("qwerty123456", "123456qwerty", "qwerty654321", "qwertyqwerty", "asdfghasdfgh", "zxcvbnzxcvbn", "zxcvbnm12345"),
    *("1q2w3e4r5t6y", "1q2w3e4r5t6y7u", "1q2w3e4r5t6y7u8i", "q1w2e3r4t5y6", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv"),
    *(
        "qazwsxedcrfv",
        "qazwsxedcrfvtgb",
        "zaq12wsxcde3",
        "zaq1xsw2cde3",
        "1qazxsw23edc",
        "!qaz2wsx3edc",
        "1qaz!qaz2wsx",
    ),
    *("qweasdzxc123", "123qweasdzxc", "qwe123asd456", "asd123qwe456", "q2w3e4r5t6y7", "qwer1234asdf", "asdf1234qwer"),
    *("1234qwerasdf", "1234qwerty12", "12qwaszx12qw", "aqswdefrgthy", "poiuytrewq12", "mnbvcxzlkjhg", "azertyuiop12"),
    *("abcd1234efgh", "abc123abc123", "abc123456789", "a1b2c3d4e5f6", "a1s2d3f4g5h6", "abcdefghijkl", "abcdefg12345"),
    *("1a2b3c4d5e6f", "aabbccddeeff", "aaabbbcccddd", "1122334455667", "112233445566", "123123123123", "123412341234"),
    *("123456789abc", "987654321abc", "0987654321qwe", "102030405060", "147258369147", "147258369000", "159753456852"),
    *(
        "123456123456",
        "12345678901234",
        "1234567890qwe",
        "1234567890-=",
        "123456654321",
        "111222333444",
        "121212121212",
    ),
    *("100200300400", "314159265358", "271828182845", "000000000000", "999999999999", "741852963741", "789456123000"),
)


def passwords() -> list[str]:
    """The list: small letters, each at least twelve characters, sorted."""
    words = [w for w in (FOLDER / "common_words.txt").read_text(encoding="utf-8").splitlines() if not w.startswith("#")]
    made = set(WALKS) | set(words)
    made |= {word * times for word in words for times in (2, 3)}
    made |= {word + digits for word in words for digits in ("123", "1234", "12345", "123456")}
    made |= {word + end for word in MOST_USED for end in (*DIGITS, *YEARS, *SIGNS)}
    made |= {digits + word for word in MOST_USED for digits in DIGITS[2:]}
    made |= {word + sign + year for word in MOST_USED for sign in ("", "-", "_", ".", "@") for year in YEARS[5:]}
    made |= {"".join(pair) for pair in product(MOST_USED[:30], repeat=2)}
    made |= {f"{start}{word}" for start in ("my", "mi", "the", "la", "el", "new") for word in MOST_USED}
    made |= {
        f"{day:02}{month:02}{year}{day:02}{month:02}" for day in (1, 11, 12, 25) for month in (1, 12) for year in YEARS
    }
    folded = {unicodedata.normalize("NFKC", text).casefold() for text in made}
    return sorted(text for text in folded if len(text) >= SHORTEST)


def text() -> str:
    """The file."""
    return "# Made by tests/bedside/identity/write_blocked_passwords.py from common_words.txt\n" + "".join(
        f"{password}\n" for password in passwords()
    )


if __name__ == "__main__":
    (FOLDER / "blocked_passwords.txt").write_text(text(), encoding="utf-8", newline="\n")
