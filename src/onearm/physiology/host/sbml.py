"""SBML: the same equations as Antimony text and SBML Level 3, for other engines and for readers.

Cells are differential equations here, doses are events, and the switches change at the days given; who is ventilated
when is an input, not a result. Antimony: Smith et al. 2009, Bioinformatics 25:2452, needed for `to_sbml` only.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from onearm.physiology.host.model import (
    ASSIGNMENTS,
    CELL_ASSIGNMENTS,
    CELLS,
    EFFECT,
    STATES,
    SWITCHES,
    symbols_of_model,
)
from onearm.physiology.host.parameters import ParameterSet


class Dose(NamedTuple):
    """One bolus."""

    day: float
    m_per_kg: float  # 1e6 viable cells per kg


class Change(NamedTuple):
    """A switch takes a value on a day."""

    day: float
    switch: str  # name of a switch of `model`
    value: float


def to_antimony(
    parameters: ParameterSet,
    doses: Sequence[Dose] = (),
    *,
    values: Mapping[str, float] | None = None,
    changes: Sequence[Change] = (),
) -> str:
    """Antimony text; time in days. `values` replace those of the registry, by symbol; changes on day <= 0 are starts.

    Raises ValueError for a symbol or a switch that the model does not have.
    """
    told = dict(zip(parameters.symbols, parameters.medians.tolist(), strict=True)) | dict(values or {})
    switches = {s.name: 0.0 for s in SWITCHES} | {"p_on": 1.0 if told["P_0"] > 0 else 0.0}
    unknown = sorted({*told} - {*parameters.symbols} | {c.switch for c in changes} - {*switches})
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not in the model; see parameters.toml and model.SWITCHES")
    switches |= {c.switch: c.value for c in sorted(changes) if c.day <= 0}
    lines = [
        "// the living drug in its host; time in days; tests methods, does not predict patients",
        "model onearm_host",
    ]
    lines += [f"  {s} = {float(told[s])!r}" for s in parameters.symbols if s in symbols_of_model() | {"P_0"}]
    lines += [f"  {name} = {value!r}" for name, value in switches.items()]
    lines += [
        f"  {a.name} := {_guarded(a.expression, a.only_while)}" for a in (*CELL_ASSIGNMENTS, EFFECT, *ASSIGNMENTS)
    ]
    lines += [f"  {s.name}' = {s.rate}" for s in (*CELLS, *STATES)]
    lines += [f"  {s.name} = {_start(s.name, s.start, told['P_0'])}" for s in (*CELLS, *STATES)]
    lines += [f"  Mb = {float(sum(d.m_per_kg for d in doses if d.day <= 0))!r}"]
    lines += [f"  at (time >= {float(d.day)!r}), t0=false: Mb = Mb + {float(d.m_per_kg)!r}" for d in doses if d.day > 0]
    later = [c for c in changes if 0 < c.day < math.inf]
    lines += [f"  at (time >= {float(c.day)!r}), t0=false: {c.switch} = {float(c.value)!r}" for c in later]
    return "\n".join([*lines, "end"]) + "\n"


def _guarded(expression: str, only_while: str) -> str:
    return f"piecewise({expression}, {only_while} > 0, 0)" if only_while else expression


def _start(name: str, start: str, pathogen: float) -> str:
    return "0" if name == "lnP" and not pathogen > 0 else start


def to_sbml(antimony_text: str) -> str:
    """SBML Level 3 of Antimony text. Raises ValueError with the message of Antimony when it cannot be read."""
    import antimony  # type: ignore[import-untyped]  # antimony ships no types

    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(antimony_text) < 0:
        raise ValueError(f"Antimony refused the model: {antimony.getLastError()}")
    return str(antimony.getSBMLString("onearm_host"))
