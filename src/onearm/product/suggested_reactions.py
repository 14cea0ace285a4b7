"""Reactions that the course around an infusion suggests: a doctor confirms or dismisses each, nothing is decided here.

The rules are those of NCT02097641, with the limits of the rule book: a vasopressor new or raised, a third one, FiO2 and
PEEP both raised, cardioversion, within 6 h of the start. Ventricular tachycardia or fibrillation and asystole have no
column that a rule could read: they are reported as events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from onearm.product.history import History, Row, Rows
from onearm.product.words import shown
from onearm.protocol.rulebook import Rulebook
from onearm.records import Records

#: how a drug may be named -> its rule
_PRESSORS: Mapping[str, tuple[str, ...]] = {
    "noradrenaline": ("noradrenaline", "norepinephrine", "noradrenalina", "norepinefrina"),
    "phenylephrine": ("phenylephrine", "fenilefrina"),
    "dopamine": ("dopamine", "dopamina"),
    "adrenaline": ("adrenaline", "epinephrine", "adrenalina", "epinefrina"),
}
MARKERS_READ = ("noradrenaline_rate", "fio2", "peep", "spo2")
"""All that a rule reads of the measurements."""
_SHOCKS = ("cardioversion", "cardioversión", "defibrillation", "desfibrilación")
_UG = {"ng": Decimal("0.001"), "ug": Decimal(1), "mcg": Decimal(1), "µg": Decimal(1), "mg": Decimal(1000)}
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SuggestedReaction:
    """One rule that fired after one infusion, with what made it fire."""

    infusion_id: str
    subject_id: str
    rule: str  # as in adverse_events.suggested_by_rule
    seen: str  # the values, in English
    seen_es: str
    first_at: datetime
    event_id: str | None  # adverse event it became, when a doctor confirmed it

    @property
    def suggestion_id(self) -> str:
        """Its name: infusion and rule."""
        return f"{self.infusion_id}-{self.rule.upper().replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class _Rate:
    """A drug at one rate over one interval, or at one moment."""

    drug: str
    began: datetime
    ended: datetime | None  # None: goes on, or not known
    ug_per_min: Decimal | None
    weight_kg: Decimal | None

    def runs(self, at: datetime) -> bool:
        return self.began <= at and (self.ended is None or at < self.ended)


def suggested_reactions(records: Records, rulebook: Rulebook) -> tuple[SuggestedReaction, ...]:
    """Every rule that fired after every infusion, by infusion and rule."""
    return tuple(_of_history(History(_around_infusions(records), rulebook)))


def _around_infusions(records: Records) -> Records:
    """Without the measurements that no rule reads: they are nearly all of them."""
    treated = pl.col("subject_id").is_in(records["infusions"]["subject_id"].unique().to_list())
    asked = pl.col("marker").is_in(MARKERS_READ)
    tables = {**records.tables, "measurements": records["measurements"].filter(treated & asked)}
    return Records(records.provenance, tables)


def _of_history(history: History) -> Iterator[SuggestedReaction]:
    measured, episodes = history.grouped("measurements", "subject_id"), history.grouped("episodes", "subject_id")
    events = history.grouped("adverse_events", "subject_id")
    window = timedelta(hours=float(history.rulebook.reaction_window_h))
    for name, infusion in sorted(history.infusions.items()):
        subject, zero = infusion["subject_id"], infusion["started_at"]
        rows, stays = measured.get(subject, ()), episodes.get(subject, ())
        rates = _rates(history, infusion, rows, stays)
        fired = (
            *_raised_drugs(history.rulebook, rates, zero, window),
            *_many_drugs(history.rulebook, rates, zero, window),
            *_breathing(history.rulebook, rows, zero, window),
            *_shocks(stays, zero, window),
        )
        for rule, at, en, es in fired:
            confirmed = [
                e["event_id"]
                for e in events.get(subject, ())
                if e["suggested_by_rule"] == rule and zero <= e["started_at"] <= zero + window
            ]
            yield SuggestedReaction(name, subject, rule, en, es, at, min(confirmed, default=None))


_Fired = tuple[str, datetime, str, str]


def _rates(history: History, infusion: Row, measured: Rows, episodes: Rows) -> list[_Rate]:
    """All that is known of vasopressors, as ug/min where the weight allows it."""
    order = history.orders.get(infusion["dose_order_id"])
    weight = None if order is None else history.actual_kg(order, infusion["started_at"])
    found = [
        _Rate("noradrenaline", m["collected_at"], m["collected_at"], _times(m["value"], weight), weight)
        for m in measured
        if m["marker"] == "noradrenaline_rate" and m["value"] is not None
    ]
    for e in episodes:
        drug = "noradrenaline" if e["kind"] == "noradrenaline" else _drug(e["agent"])
        if e["kind"] in ("noradrenaline", "other_vasopressor"):
            rate = _ug_per_min(e["dose"], e["dose_unit"], weight)
            found.append(_Rate(drug, e["started_at"], e["ended_at"], rate, weight))
    return found


def _drug(agent: str | None) -> str:
    words = (agent or "").casefold()
    found = [name for name, called in _PRESSORS.items() if any(c in words for c in called)]
    # "noradrenaline" holds "adrenaline", so the first of the table wins
    return found[0] if found else words or "unnamed"


def _ug_per_min(dose: Decimal | None, unit: str | None, weight: Decimal | None) -> Decimal | None:
    """A rate such as "ug/kg/min", "mg/h" as ug/min; None for a unit that is no rate, or per kg without weight."""
    if dose is None or unit is None:
        return None
    mass, *per = unit.casefold().replace(" ", "").replace("μ", "µ").split("/")
    if mass not in _UG or per not in (["min"], ["h"], ["kg", "min"], ["kg", "h"]):
        return None
    rate = dose * _UG[mass] / (60 if per[-1] == "h" else 1)
    return _times(rate, weight) if per[0] == "kg" else rate


def _times(rate: Decimal, weight: Decimal | None) -> Decimal | None:
    return None if weight is None else rate * weight


def _raised_drugs(book: Rulebook, rates: list[_Rate], zero: datetime, window: timedelta) -> Iterator[_Fired]:
    """A vasopressor from its limit on, new after the start or above its last rate before."""
    for drug, limit, per_kg in (
        ("noradrenaline", book.reaction_noradrenaline_ug_per_min, False),
        ("phenylephrine", book.reaction_phenylephrine_ug_per_min, False),
        ("dopamine", book.reaction_dopamine_ug_per_kg_min, True),
        ("adrenaline", book.reaction_adrenaline_ug_per_kg_min, True),
    ):
        before, after = _before_and_after(book, [r for r in rates if r.drug == drug], zero, window, per_kg)
        high = [(at, rate) for at, rate in after if rate >= limit and rate > before]
        if high:
            at, rate = max(high, key=lambda h: h[1])
            unit = "ug/kg/min" if per_kg else "ug/min"
            yield (
                drug,
                min(t for t, _ in high),
                f"{drug} {before:.4g} before, {rate:.4g} {unit} on {shown(at)}",
                f"{drug} {before:.4g} antes, {rate:.4g} {unit} el {shown(at)}",
            )


def _before_and_after(
    book: Rulebook, rates: list[_Rate], zero: datetime, window: timedelta, per_kg: bool
) -> tuple[Decimal, list[tuple[datetime, Decimal]]]:
    """Last rate before the start (0 where there was none), and all that began within the window."""
    told = [(r, _per_kg(r) if per_kg else r.ug_per_min) for r in rates]
    known = sorted(((r, rate) for r, rate in told if rate is not None), key=lambda k: k[0].began)
    oldest = zero - _HOUR * float(book.reaction_baseline_h)
    running = [rate for r, rate in known if r.runs(zero) and r.ended != r.began]
    measured = [rate for r, rate in known if oldest <= r.began <= zero and r.ended == r.began]
    after = [(r.began, rate) for r, rate in known if zero < r.began <= zero + window]
    return max([*running, *measured[-1:]], default=Decimal(0)), after


def _per_kg(rate: _Rate) -> Decimal | None:
    return None if rate.ug_per_min is None or rate.weight_kg is None else rate.ug_per_min / rate.weight_kg


def _many_drugs(book: Rulebook, rates: list[_Rate], zero: datetime, window: timedelta) -> Iterator[_Fired]:
    """So many vasopressors at once, and more than at the start. Rates that were only measured have no end."""
    lasting = [r for r in rates if r.ended != r.began]
    before = {r.drug for r in lasting if r.runs(zero)}
    for at in sorted({r.began for r in lasting if zero < r.began <= zero + window}):
        now = {r.drug for r in lasting if r.runs(at)}
        if len(now) >= book.reaction_pressors and len(now) > len(before):
            names = ", ".join(sorted(now))
            yield "third_pressor", at, f"{names} at once on {shown(at)}", f"{names} a la vez el {shown(at)}"
            return


def _breathing(book: Rulebook, measured: Rows, zero: datetime, window: timedelta) -> Iterator[_Fired]:
    """FiO2 and PEEP both above their last value before; SpO2 is shown with them."""
    told = {m: _around(book, measured, m, zero, window) for m in ("fio2", "peep", "spo2")}
    (fio2, fio2_after), (peep, peep_after) = told["fio2"], told["peep"]
    if fio2 is None or peep is None or not fio2_after or not peep_after:
        return
    (at, high), (peep_at, peep_high) = max(fio2_after, key=_rate), max(peep_after, key=_rate)
    if high - fio2 < book.reaction_fio2_rise or peep_high - peep < book.reaction_peep_rise_cmh2o:
        return
    low = min((value for _, value in told["spo2"][1]), default=None)
    spo2 = "" if low is None else f", SpO2 {shown(low)} %"
    pair = f"FiO2 {shown(fio2)} -> {shown(high)}, PEEP {shown(peep)} -> {shown(peep_high)} cmH2O{spo2}"
    yield "fio2_and_peep", max(at, peep_at), pair, pair


def _rate(pair: tuple[datetime, Decimal]) -> Decimal:
    return pair[1]


def _around(
    book: Rulebook, measured: Rows, marker: str, zero: datetime, window: timedelta
) -> tuple[Decimal | None, list[tuple[datetime, Decimal]]]:
    """Last value before the start, not too old, and all values within the window."""
    rows = sorted((m["collected_at"], m["value"]) for m in measured if m["marker"] == marker and m["value"] is not None)
    oldest = zero - _HOUR * float(book.reaction_baseline_h)
    before = [value for at, value in rows if oldest <= at <= zero]
    return before[-1] if before else None, [(at, value) for at, value in rows if zero < at <= zero + window]


def _shocks(episodes: Rows, zero: datetime, window: timedelta) -> Iterator[_Fired]:
    """Cardioversion or defibrillation within the window."""
    for e in sorted(episodes, key=lambda e: e["started_at"]):
        named = any(word in (e["agent"] or "").casefold() for word in _SHOCKS)
        if e["kind"] == "other_treatment" and named and zero < e["started_at"] <= zero + window:
            told = f"{e['agent']}, {shown(e['started_at'])}"
            yield "cardioversion", e["started_at"], told, told
            return
