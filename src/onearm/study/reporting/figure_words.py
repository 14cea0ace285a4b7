"""Estimates and conditions as phrases of a reporting cell, English and Spanish. Rounds, and computes nothing."""

from collections import Counter
from collections.abc import Iterable

from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.results.study_result import Gate
from onearm.study.reporting.item import Both, Cell, Run, filled, missing
from onearm.verdict.gates import NOT_REPORTED

_MINUS = "−"


def comma(text: str) -> str:
    """A number with the decimal sign of Spanish."""
    return text.replace(",", "\u00a0").replace(".", ",")


def plain(value: float) -> str:
    """Whole numbers whole, thousands apart, the rest with at most three digits."""
    text = f"{int(value):,}" if value == int(value) else f"{value:.3g}"
    return text.replace("-", _MINUS)


def three_digits(value: float) -> str:
    """A computed number: whole, or with exactly three digits, so that .900 is not .9."""
    return plain(value) if value == int(value) else f"{value:#.3g}".removesuffix(".").replace("-", _MINUS)


def percent(share: float) -> str:
    """A share of one with one decimal, without its sign."""
    return f"{100 * share:.1f}".replace("-", _MINUS)


def span(values: Iterable[float]) -> str:
    """ "4", or "4 to 6" in the least and the largest; the caller translates "to"."""
    found = sorted(values)
    low, high = plain(found[0]), plain(found[-1])
    return low if low == high else f"{low} to {high}"


def in_spanish(told: str) -> str:
    """A `span` in Spanish."""
    return " a ".join(comma(part) for part in told.split(" to "))


def figure_words(e: Estimate) -> Both:
    """An estimate with its label, counts where it is a share, and its interval."""
    value = e.value or 0.0
    share = e.events is not None and e.n and not e.unit and abs(value - e.events / e.n) < 1e-9
    drawn = e.id.startswith(("false_positive.", "power.", "occupancy."))
    risk = share or drawn or (e.method.startswith("Aalen-Johansen") and not e.unit)
    shown = f"{percent(value)} %" if risk else three_digits(value)
    counts = f"{e.events}/{e.n}, " if share else ""
    unit, unit_es = (f" {e.unit}", f" {_UNITS.get(e.unit, e.unit)}") if e.unit else ("", "")
    en, es = f"{e.label}: {counts}{shown}{unit}", f"{e.label_es}: {counts}{comma(shown)}{unit_es}"
    if e.upper is None or e.level is None:
        return en, es
    high = f"{percent(e.upper)} %" if risk else three_digits(e.upper)
    level = f"{100 * e.level:g} %"
    if e.lower is None:
        return f"{en} ({level} one-sided, at most {high})", f"{es} ({level} unilateral, como mucho {comma(high)})"
    low = percent(e.lower) if risk else three_digits(e.lower)
    return f"{en} ({level} interval {low} to {high})", f"{es} (intervalo {level}: {comma(low)} a {comma(high)})"


_UNITS = {"days": "días", "hours": "horas", "patients": "pacientes"}


def figures(run: Run, *ids: str) -> Cell:
    """The estimates of those ids that have a value; missing where none has."""
    found = [e for id in ids if (e := run.figure(id)) is not None]
    if not found:
        known = [e.id for e in run.result.estimates if e.id in ids]
        told = ("could not be computed from what was read", "no se pudo calcular con lo leído")
        return missing(told, *(known or ("results.json estimates",)))
    said = [figure_words(e) for e in found]
    return filled(("; ".join(en for en, _ in said), "; ".join(es for _, es in said)), *(e.id for e in found))


def conditions(run: Run, *ids: str) -> Cell:
    """Conditions of the rule table with value and reason; missing where none had an input."""
    gates = [run.gate(id) for id in ids]
    en = "; ".join(f"{g.id} {'met' if g.passed else 'not met'}: {_value_and_reason(g)}" for g in gates)
    es = "; ".join(f"{g.id} {'se cumple' if g.passed else 'no se cumple'}: {g.reason_es}" for g in gates)
    known = any(g.reason != NOT_REPORTED[0] for g in gates)
    return filled((en, es), *ids) if known else missing((en, es), *ids)


def _value_and_reason(gate: Gate) -> str:
    """The value is left out where it only says again that nothing is reported."""
    return gate.reason if gate.value == "not reported" else f"{gate.value}, {gate.reason}"


def sensitivity(run: Run, *roles: Role) -> Cell:
    """How many figures carry those roles, by family of ids."""
    found = [e for e in run.result.estimates if e.role in roles and e.value is not None]
    families = Counter(e.id.split(".")[0] for e in found)
    if not families:
        return missing(("none could be computed", "ninguno se pudo calcular"), "results.json estimates")
    listed = ", ".join(f"{name} {count}" for name, count in families.items())
    en = f"{len(found)} figures, by the first part of their id: {listed}"
    es = f"{len(found)} cifras, por la primera parte de su identificador: {listed}"
    return filled((en, es), "results.json estimates")
