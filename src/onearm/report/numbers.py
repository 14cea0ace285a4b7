"""How a number is printed: rounding and the decimal sign of the language. Nothing is computed here."""

from decimal import ROUND_HALF_UP, Decimal
from math import floor, isinf, log10

NO_BREAK = "\u00a0"
MINUS = "\u2212"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fixed(value: float, digits: int, language: str) -> str:
    """A number with so many decimals, half away from zero; "0.154" in English, "0,154" in Spanish."""
    place = Decimal(1).scaleb(-digits)
    rounded = Decimal(repr(float(value))).quantize(place, rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,f}" if abs(rounded) >= 10_000 else f"{abs(rounded):f}"
    if language == "es":
        text = text.replace(",", NO_BREAK).replace(".", ",")
    return (MINUS if rounded < 0 else "") + text


def whole(value: float, language: str) -> str:
    """A count."""
    return fixed(value, 0, language)


def plain(value: float, language: str) -> str:
    """A measured figure as short as it is exact to two decimals: 7, 12.5, 0.98."""
    text = fixed(value, 2, language)
    sign = "," if language == "es" else "."
    return text.rstrip("0").rstrip(sign) if sign in text else text


def percent(share: float, language: str, digits: int = 1) -> str:
    """A share of one as percent: 0.1538 gives "15.4 %"."""
    return fixed(100 * share, digits, language) + NO_BREAK + "%"


def of_100(share: float) -> int | None:
    """A probability as a whole number of 100, half up; None when it is below one half of 1 in 100."""
    return floor(100 * share + 0.5) if 100 * share >= 0.5 else None


def probability(p: float, language: str) -> str:
    """Three decimals from .1 on, three significant digits below, powers of ten under .001."""
    if p >= 0.9995:
        return ">" + NO_BREAK + fixed(0.999, 3, language)
    if p >= 0.0995:
        return fixed(p, 3, language)
    if p >= 0.001:
        return fixed(p, 2 - floor(log10(p)), language)
    if p <= 0:
        return "0"
    power = floor(log10(p))
    return f"{fixed(p / 10**power, 1, language)}×10{str(power).translate(_SUPERSCRIPTS)}"


def ratio(value: float, language: str) -> str:
    """A ratio to two decimals from .1 on, else to two significant digits."""
    if isinf(value):
        return "∞"
    return fixed(value, 2 if value >= 0.0995 or value <= 0 else 1 - floor(log10(value)), language)
