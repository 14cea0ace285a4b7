"""The dose formulas, exact: Decimal with 34 digits, each result rounded half-even to the 6 decimals that are stored.

M = 10^6 cells. A sum is the sum of its stored parts, so what is printed adds up. No function reads a record.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, Overflow, localcontext

DIGITS, DECIMALS = 34, 6
_LAST = Decimal(1).scaleb(-DECIMALS)
_CONTEXT = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow])
_HOUR_MS = 3_600_000


def stored(value: Decimal) -> Decimal:
    """Half-even to 6 decimals."""
    return value.quantize(_LAST, context=_CONTEXT)


def delivered_m(
    *,
    counted_m: Decimal,
    viability_percent: Decimal,
    decay_per_h: Decimal,
    hours: Decimal,
    given_ml: Decimal,
    total_ml: Decimal,
) -> Decimal:
    """Viable cells that went in from one bag, M: counted x viability/100 x exp(-k x hours) x given/total.

    `counted_m` is all cells counted, dead ones included; `hours` from the count to the middle of first and last drop.
    Raises ValueError for a count after the middle of the drops, or more given than there was.
    """
    if hours < 0:
        raise ValueError(f"{hours} h from the count to the drops: the count came after them.")
    if not 0 <= given_ml <= total_ml or total_ml <= 0:
        raise ValueError(f"{given_ml} mL given of {total_ml} mL.")
    with localcontext(_CONTEXT):
        alive = counted_m * viability_percent / 100 * (-decay_per_h * hours).exp()
        return stored(alive * given_ml / total_ml)


def hours_to_drops(counted_at: datetime, first_drop_at: datetime, last_drop_at: datetime) -> Decimal:
    """Hours from the count to the middle of first and last drop; below 0: counted after them."""
    twice = (first_drop_at - counted_at) + (last_drop_at - counted_at)
    with localcontext(_CONTEXT):
        return Decimal(twice // timedelta(microseconds=1)) / (2_000 * _HOUR_MS)


def per_kg(total: Decimal, weight_kg: Decimal) -> Decimal:
    """An amount per kg."""
    with localcontext(_CONTEXT):
        return stored(total / weight_kg)


def deviation(delivered: Decimal, target: Decimal) -> Decimal:
    """Delivered against ordered: -0.1 is a tenth too little."""
    with localcontext(_CONTEXT):
        return stored(delivered / target - 1)


def total_m(parts: Iterable[Decimal]) -> Decimal:
    """Sum over the bags of an infusion, M."""
    with localcontext(_CONTEXT):
        return stored(sum(parts, Decimal(0)))


def target_m(planned_m_per_kg: Decimal, dosing_weight_kg: Decimal) -> Decimal:
    """Cells to order, M: planned dose per kg x dosing weight."""
    with localcontext(_CONTEXT):
        return stored(planned_m_per_kg * dosing_weight_kg)


def planned_m_per_kg(target: Decimal, dosing_weight_kg: Decimal) -> Decimal:
    """Flat basis, the other way round: the target is typed, M/kg follows from it."""
    return per_kg(target, dosing_weight_kg)


def dmso_g_per_kg(
    *,
    product_ml: Decimal,
    dmso_percent: Decimal,
    density_g_per_ml: Decimal,
    given_ml: Decimal,
    total_ml: Decimal,
    removed_share: Decimal,
    weight_kg: Decimal,
) -> Decimal:
    """Dimethyl sulfoxide of one bag, g per kg of actual weight: mL x % v/v x g/mL x given/total x (1 - removed)."""
    with localcontext(_CONTEXT):
        whole = product_ml * dmso_percent / 100 * density_g_per_ml
        return stored(whole * given_ml / total_ml * (1 - removed_share) / weight_kg)


def endotoxin_eu_per_kg(
    *, eu_per_ml: Decimal, product_ml: Decimal, given_ml: Decimal, total_ml: Decimal, weight_kg: Decimal
) -> Decimal:
    """Endotoxin of one bag, EU per kg of actual weight. "<0.5" counts as 0.5 and is shown with its sign."""
    with localcontext(_CONTEXT):
        return stored(eu_per_ml * product_ml * given_ml / total_ml / weight_kg)


def predicted_kg(sex: str, height_cm: Decimal) -> Decimal:
    """Predicted body weight: 50 (men) or 45.5 (women) + 0.91 (height - 152.4), as in the ARDS Network trial of 2000.

    Raises ValueError for an unknown sex: without it there is no predicted weight.
    """
    base = {"male": Decimal(50), "female": Decimal("45.5")}.get(sex)
    if base is None:
        raise ValueError(f"sex {sex}: no predicted weight without it.")
    with localcontext(_CONTEXT):
        return stored(base + Decimal("0.91") * (height_cm - Decimal("152.4")))


def ideal_kg(sex: str, height_cm: Decimal) -> Decimal:
    """Ideal body weight of Devine (1974): 50 or 45.5 + 2.3 per inch above 60, that is 2.3/2.54 per cm [field].

    Predicted weight writes the same line as 0.91 per cm; the two differ by less than 0.3 kg below 2 m.
    """
    base = {"male": Decimal(50), "female": Decimal("45.5")}.get(sex)
    if base is None:
        raise ValueError(f"sex {sex}: no ideal weight without it.")
    with localcontext(_CONTEXT):
        return stored(base + Decimal("2.3") / Decimal("2.54") * (height_cm - Decimal("152.4")))


def adjusted_kg(sex: str, height_cm: Decimal, actual_kg: Decimal, share: Decimal = Decimal("0.4")) -> Decimal:
    """Adjusted body weight of pharmacy practice: ideal + 0.4 (actual - ideal) [field]."""
    ideal = ideal_kg(sex, height_cm)
    with localcontext(_CONTEXT):
        return stored(ideal + share * (actual_kg - ideal))
