"""D1, weights: a weight in pounds, or one that nothing confirms, is asked about before a dose rests on it."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from onearm.product.history import History, Row
from onearm.product.words import shown
from onearm.results.finding import Finding, Severity

POUNDS = Decimal("2.2046226218")  # in a kilogram
_NEAR = Decimal("0.06")  # what still looks like the factor between lb and kg


def weights_of_a_patient_agree(history: History) -> Iterator[Finding]:
    """D1: a weight far from the one before it is confirmed; a factor of 2.2 is named."""
    most = history.rulebook.weight_differs_percent
    for subject, rows in _own(history):
        for before, row in pairwise(rows):
            low, high = sorted((before["weight_kg"], row["weight_kg"]))
            if (high / low - 1) * 100 > most:
                limit = f"within {shown(most)} % of {shown(before['weight_kg'])} kg"
                hint, hint_es = ("; lb and kg differ by that much", "; es lo que va de lb a kg")
                if abs(high / low / POUNDS - 1) > _NEAR:
                    hint = hint_es = ""
                yield Finding(
                    "D1",
                    Severity.CONFIRM,
                    "weights",
                    row["weight_id"],
                    shown(row["weight_kg"]),
                    limit,
                    f"{subject} weighs {shown(row['weight_kg'])} kg, and weighed {shown(before['weight_kg'])} kg on "
                    f"{shown(before['measured_at'])}{hint}.",
                    f"{subject} pesa {shown(row['weight_kg'])} kg, y pesaba {shown(before['weight_kg'])} kg el "
                    f"{shown(before['measured_at'])}{hint_es}.",
                    "Check the unit and the number, or weigh again.",
                )


def weights_fit_the_height(history: History) -> Iterator[Finding]:
    """D1: a weight that makes an unlikely body mass index is confirmed."""
    low, high = history.rulebook.bmi_low_kg_per_m2, history.rulebook.bmi_high_kg_per_m2
    for subject, rows in _own(history):
        height = history.subjects[subject]["height_cm"]
        for row in rows if height is not None else ():
            index = row["weight_kg"] / (height / 100) ** 2
            if not low <= index <= high:
                told = f"{index:.1f}"
                yield Finding(
                    "D1",
                    Severity.CONFIRM,
                    "weights",
                    row["weight_id"],
                    told,
                    f"{shown(low)} to {shown(high)} kg/m2",
                    f"{subject}: {shown(row['weight_kg'])} kg at {shown(height)} cm make {told} kg/m2; is it in kg?",
                    f"{subject}: {shown(row['weight_kg'])} kg con {shown(height)} cm dan {told} kg/m2; ¿está en kg?",
                    "Check unit and number of weight and height.",
                )


def _own(history: History) -> Iterator[tuple[str, list[Row]]]:
    """Weights in order of time by patient, those of other sources aside: no dose of ours rests on them."""
    for subject, rows in history.weights_of.items():
        row = history.subjects.get(subject)
        if row is not None and row["cohort"] != "individual_external":
            yield subject, list(rows)
