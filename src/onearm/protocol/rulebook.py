"""The rule book: every limit a product rule asks for, with its unit, where it was read and how sure it is.

`rulebook.toml` beside this file is the default; a study overrides it line by line, each override with a source of its
own. The hash is that of what is in force, not of a file.
"""

import difflib
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from onearm.records.columns import canonical_json

SCHEMA = "onearm.rulebook/1"
NOT_KNOWN = ("unknown", "none")  # a number nobody found, or a limit nobody set
Status = Literal["read in source", "computed", "field", "assumption"]


@dataclass(frozen=True, slots=True)
class Line:
    """One rule as written: what it says, in which unit, where that was read."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # read by pydantic, never changed
    value: Decimal | str
    unit: str  # 1 for none
    source: str
    status: Status
    text: str = ""  # what it means
    bound: bool = False  # the true value is at most this


@dataclass(frozen=True, slots=True)
class Misfit:
    """A line that cannot be in force: its name, the key at fault, what is wrong, what to do."""

    name: str
    key: str | None
    sentence: str
    remedy: str


def _number(unit: str, low: str, high: str) -> Any:
    """A number in `unit` between `low` and `high`, both included."""
    return field(metadata={"unit": unit, "low": Decimal(low), "high": Decimal(high)})


def _words() -> Any:
    return field(metadata={"unit": "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """What is in force: one field per line of `rulebook.toml`, of the same name; `None` where nobody knows or set it.

    `lines` keeps unit, source and status of each; `sha256` is the hash over all of them.
    """

    viability_low_percent: Decimal = _number("%", "0", "100")
    cd73_low_percent: Decimal = _number("%", "0", "100")
    cd90_low_percent: Decimal = _number("%", "0", "100")
    cd105_low_percent: Decimal = _number("%", "0", "100")
    negative_panel_high_percent: Decimal = _number("%", "0", "100")
    endotoxin_high_eu_per_kg: Decimal = _number("EU/kg", "0", "1000")
    sterility_text: str = _words()
    sterility_required_by: str = _words()
    mycoplasma_text: str = _words()
    passage_low: Decimal = _number("1", "0", "20")
    passage_high: Decimal = _number("1", "0", "20")
    storage_limit_c: Decimal = _number("Cel", "-273.15", "40")
    thaw_limit_min: Decimal = _number("min", "1", "1440")
    decay_ringer_lactate_per_h: Decimal | None = _number("1/h", "0", "10")
    decay_saline_per_h: Decimal | None = _number("1/h", "0", "10")
    decay_pbs_albumin_per_h: Decimal | None = _number("1/h", "0", "10")
    decay_saline_albumin_per_h: Decimal | None = _number("1/h", "0", "10")
    decay_none_per_h: Decimal | None = _number("1/h", "0", "10")
    decay_other_per_h: Decimal | None = _number("1/h", "0", "10")
    infusion_time_low_min: Decimal = _number("min", "0", "1440")
    infusion_time_high_min: Decimal = _number("min", "0", "1440")
    weight_basis: str = _words()
    weight_age_h: Decimal = _number("h", "1", "8760")
    weight_low_kg: Decimal = _number("kg", "1", "500")
    weight_high_kg: Decimal = _number("kg", "1", "500")
    weight_rough_percent: Decimal = _number("%", "0", "100")
    weight_differs_percent: Decimal = _number("%", "0", "100")
    bmi_low_kg_per_m2: Decimal = _number("kg/m2", "1", "100")
    bmi_high_kg_per_m2: Decimal = _number("kg/m2", "1", "200")
    adjusted_weight_share: Decimal = _number("1", "0", "1")
    planned_m_per_kg: Decimal = _number("10^6/kg", "0.000001", "1000")
    planned_factor: Decimal = _number("1", "1", "20")
    rounding_percent: Decimal = _number("%", "0", "5")
    count_factor: Decimal = _number("1", "1", "100")
    dose_tolerance_percent: Decimal = _number("%", "0", "100")
    max_doses: Decimal = _number("1", "1", "20")
    min_hours_between_doses: Decimal | None = _number("h", "0", "8760")
    max_cumulative_m_per_kg: Decimal = _number("10^6/kg", "0.000001", "10000")
    dmso_density_g_per_ml: Decimal = _number("g/mL", "0.5", "2")
    dmso_removed_share: Decimal = _number("1", "0", "1")
    dmso_confirm_g_per_kg_day: Decimal = _number("g/kg", "0", "10")
    dmso_block_g_per_kg_day: Decimal = _number("g/kg", "0", "10")
    match_age_min: Decimal = _number("min", "1", "1440")
    times_differ_min: Decimal = _number("min", "0", "1440")
    reaction_window_h: Decimal = _number("h", "1", "168")
    reaction_baseline_h: Decimal = _number("h", "1", "168")
    reaction_noradrenaline_ug_per_min: Decimal = _number("ug/min", "0", "1000")
    reaction_phenylephrine_ug_per_min: Decimal = _number("ug/min", "0", "10000")
    reaction_dopamine_ug_per_kg_min: Decimal = _number("ug/kg/min", "0", "1000")
    reaction_adrenaline_ug_per_kg_min: Decimal = _number("ug/kg/min", "0", "100")
    reaction_pressors: Decimal = _number("1", "1", "10")
    reaction_fio2_rise: Decimal = _number("fraction", "0", "0.79")
    reaction_peep_rise_cmh2o: Decimal = _number("cmH2O", "0", "40")
    deferred_consent_h: Decimal = _number("h", "1", "8760")
    serious_report_h: Decimal = _number("h", "1", "720")
    keep_years: Decimal = _number("a", "1", "100")
    screening: str = _words()
    lines: Mapping[str, Line]
    sha256: str

    def decay_per_h(self, diluent: str) -> Decimal | None:
        """Loss of viable cells in a diluent, 1/h; None where nobody measured it."""
        return getattr(self, f"decay_{diluent}_per_h")  # type: ignore[no-any-return]  # one field per diluent

    def decay_is_bound(self, diluent: str) -> bool:
        """Whether that loss is only an upper bound."""
        return self.lines[f"decay_{diluent}_per_h"].bound


_RULES = {f.name: f for f in fields(Rulebook) if f.metadata}
NAMES: tuple[str, ...] = tuple(_RULES)


@cache
def default_lines() -> Mapping[str, Line]:
    """Every line of `rulebook.toml`, in its order."""
    text = files("onearm.protocol").joinpath("rulebook.toml").read_text(encoding="utf-8")
    tables = {name: table for name, table in tomllib.loads(text).items() if name != "schema"}
    return MappingProxyType({name: _line(table) for name, table in tables.items()})


def _line(table: Mapping[str, Any]) -> Line:
    value = table["value"]
    return Line(**{**table, "value": value if isinstance(value, str) else Decimal(str(value))})


@cache
def default_rulebook() -> Rulebook:
    """The default alone."""
    return rulebook_of({})


def rulebook_of(overrides: Mapping[str, Line]) -> Rulebook:
    """The default with some lines replaced. Raises ValueError for a line with a misfit."""
    lines = MappingProxyType({**default_lines(), **overrides})
    wrong = [f"{m.name}: {m.sentence} {m.remedy}" for m in misfits(lines)]
    if wrong:
        raise ValueError("\n".join(wrong))
    values = {name: None if line.value in NOT_KNOWN else line.value for name, line in lines.items()}
    return Rulebook(**values, lines=lines, sha256=_sha256(lines))  # type: ignore[arg-type]  # misfits() checked kinds


def misfits(lines: Mapping[str, Line]) -> Iterator[Misfit]:
    """Lines nobody knows, in another unit, of another kind, out of range or without a source."""
    for name, line in lines.items():
        rule = _RULES.get(name)
        if rule is None:
            close = difflib.get_close_matches(name.lower(), NAMES, n=1)
            remedy = f"Did you mean {close[0]}?" if close else "docs and rulebook.toml of onearm list the rules."
            yield Misfit(name, None, "is no rule.", remedy)
            continue
        if not line.source.strip():
            yield Misfit(name, "source", "has no source.", "Say where the value was read, or that it is assumed.")
        unit = rule.metadata["unit"]
        if line.unit != unit:
            yield Misfit(name, "unit", f"is in {line.unit}; the rule is in {unit}.", f"Give the value in {unit}.")
        else:
            yield from _wrong_value(name, line)


def _wrong_value(name: str, line: Line) -> Iterator[Misfit]:
    rule, value = _RULES[name], line.value
    if "low" not in rule.metadata:
        if not isinstance(value, str) or not value.strip():
            yield Misfit(name, "value", f"{value} is not a text.", "Put it in quotes.")
        return
    low, high = rule.metadata["low"], rule.metadata["high"]
    may_be_unknown = rule.type == Decimal | None
    if isinstance(value, str):
        if not (may_be_unknown and value in NOT_KNOWN):
            other = f', or "{NOT_KNOWN[0]}"' if may_be_unknown else ""
            yield Misfit(name, "value", f'"{value}" is not a number.', f"Give {low:f} to {high:f}{other}.")
    elif not (value.is_finite() and low <= value <= high):
        yield Misfit(name, "value", f"{value:f} {line.unit} is out of range.", f"Give {low:f} to {high:f}.")


def _sha256(lines: Mapping[str, Line]) -> str:
    told = {
        name: {
            "value": line.value if isinstance(line.value, str) else f"{line.value.normalize():f}",
            "unit": line.unit,
            "source": line.source,
            "status": line.status,
            "bound": line.bound,
        }
        for name, line in lines.items()
    }
    return hashlib.sha256(canonical_json(told).encode()).hexdigest()
