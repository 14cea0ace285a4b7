"""Parameters: every number of the model with its unit, spread, limits and where it comes from; and draws of them.

The registry is `parameters.toml`. A draw depends on the seed, the trial, the patient and the fixed number of the
parameter only, so a parameter or a patient more moves no other number.
"""

import json
import math
import re
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.physiology.randomness import Key, Process, uniform

Floats = NDArray[np.float64]

_FILE = Path(__file__).with_name("parameters.toml")
_DOI_AND_PLACE = re.compile(r"10\.\d{4,9}/\S+[,;] *\S+")


class Distribution(StrEnum):
    """How a value varies between patients, lots or sites; each is cut to [low, high]."""

    FIXED = "fixed"
    LOGNORMAL = "lognormal"  # value = median, spread = standard deviation of the logarithm
    LOGITNORMAL = "logitnormal"  # value = median, spread = standard deviation of the logit
    NORMAL = "normal"  # value = mean before cutting, spread = standard deviation


class Level(StrEnum):
    """What a value is drawn for."""

    SPECIES = "species"
    PATIENT = "patient"
    LOT = "lot"
    ASSAY = "assay"
    SITE = "site"


class Standing(StrEnum):
    """How well a value is known."""

    PUBLISHED = "published"
    DERIVED = "derived"
    ASSUMPTION = "assumption"


class ParameterProblems(ValueError):
    """All that is wrong with a registry, one line per problem."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = tuple(lines)
        noun = "problem" if len(lines) == 1 else "problems"
        super().__init__("\n  ".join([f"parameters, {len(lines)} {noun}; none was used.", *lines]))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One record of the registry."""

    number: int  # fixed for ever: draws are keyed by it
    name: str
    symbol: str
    value: float
    unit: str
    distribution: Distribution
    spread: float
    level: Level
    standing: Standing
    used_in: tuple[str, ...]
    last_reviewed: date
    low: float | None = None
    high: float | None = None
    source: str = ""  # DOI and place of a published value
    rationale: str = ""  # why an assumption is what it is

    @property
    def varies(self) -> bool:
        """Whether it differs within its level."""
        return self.distribution is not Distribution.FIXED


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """All parameters in the order of their numbers, which is the order of the columns of a draw."""

    records: tuple[Parameter, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in the order of the columns."""
        return tuple(r.symbol for r in self.records)

    @property
    def medians(self) -> Floats:
        """Values, shape (parameters,)."""
        return np.array([r.value for r in self.records])

    @property
    def sha256(self) -> str:
        """SHA-256 of all records as canonical JSON."""
        return _sha256_of(self.records)

    @property
    def assumption_share(self) -> float:
        """Share of the parameters that are assumptions."""
        return sum(r.standing is Standing.ASSUMPTION for r in self.records) / len(self.records)

    def column(self, symbol: str) -> int:
        """Column of a symbol. Raises KeyError naming it when the registry lacks it."""
        for place, record in enumerate(self.records):
            if record.symbol == symbol:
                return place
        raise KeyError(f"{symbol} is not in the registry; add it to parameters.toml with the next number")

    def with_values(self, **values: float) -> "ParameterSet":
        """The set with other values. Raises ParameterProblems for an unknown symbol or a value outside its limits."""
        unknown = [f"{s}: not in the registry; add it with the next number" for s in values if s not in self.symbols]
        changed = tuple(replace(r, value=float(values.get(r.symbol, r.value))) for r in self.records)
        problems = unknown + [line for r in changed for line in _limit_problems(r)]
        if problems:
            raise ParameterProblems(problems)
        return ParameterSet(changed)

    def without_spread(self, *symbols: str) -> "ParameterSet":
        """The set with the named parameters (all when none is named) equal in everybody."""
        named = symbols or self.symbols
        fixed = [replace(r, distribution=Distribution.FIXED, spread=0.0) for r in self.records]
        return ParameterSet(tuple(f if f.symbol in named else r for r, f in zip(self.records, fixed, strict=True)))

    def draw(self, key: Key, patients: ArrayLike, *, level: Level = Level.PATIENT) -> Floats:
        """Values of each patient (lot, site), shape (patients, parameters).

        Columns of another level hold the value. `patients` are numbers >= 0; a row depends on its number only.
        """
        numbers = np.asarray(patients, dtype=np.int64).reshape(-1)
        drawn = np.tile(self.medians, (numbers.size, 1))
        for place, record in enumerate(self.records):
            if record.varies and record.level is level:
                chance = uniform(key, Process.PARAMETER, numbers, day=_LEVEL_DAY[level], draw=record.number)
                drawn[:, place] = quantile(record, chance)
        return drawn


@cache
def _sha256_of(records: tuple[Parameter, ...]) -> str:
    text = json.dumps([asdict(r) for r in records], sort_keys=True, default=str, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


#: A lot and a patient of the same number must not share their draws.
_LEVEL_DAY = {level: day for day, level in enumerate(Level)}


def quantile(record: Parameter, chance: Floats) -> Floats:
    """Value at each probability under the distribution cut to [low, high], shape as `chance`."""
    from scipy.special import ndtr, ndtri

    if not record.varies:
        return np.full(chance.shape, record.value)
    low = -math.inf if record.low is None else record.low
    high = math.inf if record.high is None else record.high
    below, above = (ndtr((_scaled(record, x) - _scaled(record, record.value)) / record.spread) for x in (low, high))
    normal = ndtri(below + chance * (above - below))
    value = _unscaled(record, _scaled(record, record.value) + record.spread * normal)
    return np.asarray(np.clip(value, low, high), dtype=np.float64)


def _scaled(record: Parameter, x: float) -> float:
    match record.distribution:
        case Distribution.LOGNORMAL:
            return math.log(x) if x > 0 else -math.inf
        case Distribution.LOGITNORMAL:
            return math.inf if x >= 1 else math.log(x / (1 - x)) if x > 0 else -math.inf
        case _:
            return x


def _unscaled(record: Parameter, z: Floats) -> Floats:
    match record.distribution:
        case Distribution.LOGNORMAL:
            return np.asarray(np.exp(z))
        case Distribution.LOGITNORMAL:
            return np.asarray(1 / (1 + np.exp(-z)))
        case _:
            return z


@cache
def default_parameters() -> ParameterSet:
    """The registry that is shipped."""
    return read_parameters(_FILE)


def read_parameters(path: Path) -> ParameterSet:
    """The registry of a TOML file. Raises ParameterProblems with all that is wrong."""
    return parameters_of(tomllib.loads(path.read_text(encoding="utf-8")).get("parameter", []))


def parameters_of(entries: list[dict[str, Any]]) -> ParameterSet:
    """The registry of its entries as read. Raises ParameterProblems with all that is wrong."""
    problems = [line for entry in entries for line in _entry_problems(entry)]
    if not entries:
        problems.append("no parameter found; the file needs [[parameter]] entries")
    for field in ("number", "symbol", "name"):
        seen = Counter(e.get(field) for e in entries if field in e)
        problems += [f"{field} {x} is given {k} times; each is used once" for x, k in seen.items() if k > 1]
    if problems:
        raise ParameterProblems(problems)
    records = sorted((_record(e) for e in entries), key=lambda r: r.number)
    problems = [line for r in records for line in (*_limit_problems(r), *_standing_problems(r))]
    if problems:
        raise ParameterProblems(problems)
    return ParameterSet(tuple(records))


_OPTIONAL = ("low", "high", "source", "rationale")
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("name", "symbol", "unit", "distribution", "level", "standing", "source", "rationale"), str),
    **dict.fromkeys(("value", "spread", "low", "high"), (int, float)),
    "number": int,
    "used_in": list,
    "last_reviewed": date,
}


def _entry_problems(entry: dict[str, Any]) -> list[str]:
    """Fields that are missing, unknown or of another kind."""
    who = str(entry.get("symbol", f"number {entry.get('number', '?')}"))
    known = [f.name for f in fields(Parameter)]
    lines = [f"{who}: {f} is missing; give it" for f in known if f not in entry and f not in _OPTIONAL]
    lines += [f"{who}: {f} is no field; remove it or use one of {', '.join(known)}" for f in entry if f not in known]
    for field, kinds in _KINDS.items():
        if field in entry and (not isinstance(entry[field], kinds) or isinstance(entry[field], bool)):
            lines.append(f"{who}: {field} = {entry[field]!r} is of the wrong kind; see another entry")
    for field, words in (("distribution", Distribution), ("level", Level), ("standing", Standing)):
        if field in entry and entry[field] not in [str(w) for w in words]:
            lines.append(f"{who}: {field} {entry[field]} is unknown; use one of {', '.join(words)}")
    lines += [
        f"{who}: {f} is empty; fill it" for f in ("name", "symbol", "unit", "used_in") if entry.get(f) in ("", [])
    ]
    number = entry.get("number")
    if isinstance(number, int) and number < 1:
        lines.append(f"{who}: number {number} is not positive; take the next free one")
    return lines


def _record(entry: dict[str, Any]) -> Parameter:
    told = dict(entry)
    told |= {f: float(told[f]) for f in ("value", "spread", "low", "high") if f in told}
    told |= {"distribution": Distribution(told["distribution"]), "level": Level(told["level"])}
    told |= {"standing": Standing(told["standing"]), "used_in": tuple(told["used_in"])}
    return Parameter(**told)


def _limit_problems(r: Parameter) -> list[str]:
    """Numbers that do not fit together."""
    lines = []
    numbers = [x for x in (r.value, r.spread, r.low, r.high) if x is not None]
    if not all(map(math.isfinite, numbers)):
        return [f"{r.symbol}: value, spread, low and high must be finite numbers; give them"]
    if (r.low is None) != (r.high is None):
        lines.append(f"{r.symbol}: low and high go together; give both or neither")
    elif r.low is not None and r.high is not None and not r.low <= r.value <= r.high:
        lines.append(f"{r.symbol}: {r.value} is outside {r.low} to {r.high}; change the value or the limits")
    if r.varies and (r.spread <= 0 or (r.low is None and r.high is None)):
        lines.append(f"{r.symbol}: {r.distribution} needs a spread above 0, low and high; give them or use fixed")
    if not r.varies and r.spread != 0:
        lines.append(f"{r.symbol}: fixed, but spread is {r.spread}; set 0 or name a distribution")
    if r.distribution is Distribution.LOGNORMAL and r.value <= 0:
        lines.append(f"{r.symbol}: a lognormal median must be above 0, not {r.value}; use normal or fixed")
    if r.distribution is Distribution.LOGITNORMAL and not 0 < r.value < 1:
        lines.append(f"{r.symbol}: a logitnormal median must lie between 0 and 1, not {r.value}; use another")
    return lines


def _standing_problems(r: Parameter) -> list[str]:
    """Claims without what they need."""
    lines = []
    if r.standing is Standing.PUBLISHED and not _DOI_AND_PLACE.search(r.source):
        lines.append(f"{r.symbol}: published needs a DOI and a place in source; add them or call it an assumption")
    if r.standing is Standing.DERIVED and not r.source:
        lines.append(f"{r.symbol}: derived needs a source; say from what")
    if r.standing is Standing.ASSUMPTION and not r.rationale:
        lines.append(f"{r.symbol}: an assumption needs a rationale; say why this value")
    if r.standing is Standing.ASSUMPTION and (r.low is None or r.high is None):
        lines.append(f"{r.symbol}: an assumption needs low and high; say how far it may be wrong")
    if r.standing is not Standing.ASSUMPTION and r.varies and not r.rationale:
        lines.append(f"{r.symbol}: its spread is not published; say in rationale where it comes from")
    return lines
