"""Generated doses and what each formula must give, in fractions; exp to 80 digits by a series of our own.

Nothing here uses `onearm` or the decimal arithmetic that is to be checked, beyond holding the typed numbers.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

LAST_DIGIT = Fraction(1, 10**6)
_BITS = 300  # 80 digits are 266 bits
_ONE = 1 << _BITS
_NOON = datetime(2020, 4, 8, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DoseCase:
    """One bag and one order as somebody may type them."""

    counted_m: Decimal
    viability_percent: Decimal
    decay_per_h: Decimal
    counted_at: datetime
    first_drop_at: datetime
    last_drop_at: datetime
    given_ml: Decimal
    total_ml: Decimal
    weight_kg: Decimal
    height_cm: Decimal
    sex: str
    planned: Decimal  # M/kg
    target_m: Decimal
    product_ml: Decimal
    dmso_percent: Decimal
    eu_per_ml: Decimal


def cases(*, seed: int, count: int) -> Iterator[DoseCase]:
    """So many cases, the same for the same seed. Every number of digits from none to six occurs."""
    rng = random.Random(seed)

    def number(low: int, high: int) -> Decimal:
        digits = rng.randrange(7)
        return Decimal(rng.randint(low * 10**digits, high * 10**digits)).scaleb(-digits)

    for _ in range(count):
        first = _NOON + timedelta(milliseconds=rng.randrange(86_400_000))
        total = number(1, 300)
        yield DoseCase(
            counted_m=number(0, 1000),
            viability_percent=number(0, 100),
            decay_per_h=number(0, 2),
            counted_at=_NOON,
            first_drop_at=first,
            last_drop_at=first + timedelta(milliseconds=rng.randrange(7_200_000)),
            given_ml=min(number(0, 300), total),
            total_ml=total,
            weight_kg=number(30, 250),
            height_cm=number(120, 220),
            sex=rng.choice(("male", "female")),
            planned=number(1, 10),
            target_m=number(10, 2500),
            product_ml=number(1, 300),
            dmso_percent=number(0, 20),
            eu_per_ml=number(0, 10),
        )


def exact(case: DoseCase) -> Mapping[str, Fraction]:
    """What every formula gives, before any rounding but that of exp."""
    twice = (case.first_drop_at - case.counted_at) + (case.last_drop_at - case.counted_at)
    hours = Fraction(twice // timedelta(milliseconds=1), 7_200_000)
    share = _f(case.given_ml) / _f(case.total_ml)
    weight, height = _f(case.weight_kg), _f(case.height_cm)
    alive = _f(case.counted_m) * _f(case.viability_percent) / 100
    delivered = alive * exp_minus(_f(case.decay_per_h) * hours) * share
    base = Fraction(50) if case.sex == "male" else Fraction(91, 2)
    above = height - Fraction(1524, 10)
    ideal = base + Fraction(23, 10) / Fraction(254, 100) * above
    return {
        "delivered_m": delivered,
        "per_kg": delivered / weight,
        "deviation": delivered / _f(case.target_m) - 1,
        "dmso_g_per_kg": _f(case.product_ml) * _f(case.dmso_percent) / 100 * Fraction(11, 10) * share / weight,
        "endotoxin_eu_per_kg": _f(case.eu_per_ml) * _f(case.product_ml) * share / weight,
        "target_m": _f(case.planned) * weight,
        "predicted_kg": base + Fraction(91, 100) * above,
        "adjusted_kg": ideal + Fraction(4, 10) * (weight - ideal),
    }


def exp_minus(x: Fraction) -> Fraction:
    """exp(-x) for x >= 0, right to 80 digits: halve x until it is small, Taylor in integers, square as often."""
    fixed = (x.numerator << _BITS) // x.denominator
    halvings = max(0, fixed.bit_length() - _BITS + 8)  # below 1/256: 30 terms and some
    fixed >>= halvings
    term = total = _ONE
    n = 0
    while term:
        n += 1
        term = (term * fixed >> _BITS) // n
        total += -term if n % 2 else term
    for _ in range(halvings):
        total = total * total >> _BITS
    return Fraction(total, _ONE)


def _f(value: Decimal) -> Fraction:
    return Fraction(value)
