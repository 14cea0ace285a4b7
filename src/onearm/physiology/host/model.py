"""The equations of the model, once, as data. Machine code, SBML and the table of the documentation are made from it.

Expressions are text in the syntax of Antimony (`^`, `ln`, `exp`, `sqrt`). Names are states, switches, earlier
assignments, `time` (days) or symbols of `parameters.toml`. With tempo = 1 and u, steroid, w_v = 0 the first four states
are Reynolds et al. 2006, J Theor Biol 242:220 (BioModels BIOMD0000000714), with ln P in place of P.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onearm.physiology.host.parameters import ParameterSet, default_parameters


@dataclass(frozen=True, slots=True)
class State:
    """A quantity that is integrated: `rate` per day, from `start` at onset. `scale` sets its absolute tolerance."""

    name: str
    rate: str
    start: str
    unit: str
    scale: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A quantity that follows from the others at once; zero while the switch `only_while` is off."""

    name: str
    expression: str
    unit: str
    meaning: str
    only_while: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """An input that is constant between events."""

    name: str
    meaning: str


AMOUNT = "Reynolds 2006 amount"

SWITCHES = (
    Switch("p_on", "1, or 0 for a host without pathogen"),
    Switch("vent", "1 while ventilated"),
    Switch("out", "1 after an extubation"),
    Switch("again", "1 while a further spell of ventilation is possible"),
    Switch("t_ext", "day of the last extubation"),
    Switch("steroid", "1 while a steroid is given"),
    Switch("toci", "1 while tocilizumab acts"),
)

EFFECT = Assignment("u", "emax*E/(EC50 + E)", "1", "effect of the cells")

CELL_ASSIGNMENTS = (
    Assignment("f_O", "(1 - f_L)*phi_O", "1", "share leaving blood to liver and spleen"),
    Assignment("f_d", "1 - f_L - f_O", "1", "share leaving blood that dies"),
)

M_PER_KG = "1e6 cells/kg"

CELLS = (
    State("Mb", "-k_b*Mb + r_L*ML + r_O*MO", "0", M_PER_KG, 1, "viable cells in blood"),
    State("ML", "f_L*k_b*Mb - (r_L + d_L)*ML", "0", M_PER_KG, 1, "viable cells in the lung"),
    State("MO", "f_O*k_b*Mb - (r_O + d_O)*MO", "0", M_PER_KG, 1, "viable cells in liver and spleen"),
    State("X", "f_d*k_b*Mb + d_L*ML + d_O*MO", "0", M_PER_KG, 1, "cells dead or cleared"),
    State("E", "k_E*(q*ML - E)", "0", M_PER_KG, 1, "effect signal"),
)

ASSIGNMENTS = (
    Assignment("P", "p_on*exp(lnP)", AMOUNT, "pathogen"),
    Assignment("f_1", "1/(1 + (C/c_inf)^2)", "1", "inhibition by the anti-inflammatory mediator"),
    Assignment("f_N", "N*f_1", AMOUNT, "phagocytes after inhibition"),
    Assignment(
        "R",
        "(k_nn*N + k_np*P + k_nd*D)*f_1/((1 + m_N*u)*(1 + w_s*steroid))",
        "1/h",
        "activation of phagocytes",
    ),
    Assignment("g_C", "(N + k_cnd*D)*f_1", AMOUNT, "drive of the anti-inflammatory mediator"),
    Assignment("d", "D/(D + D50)", "1", "damage of the lung, 0 to 1"),
    Assignment("intact", "D50/(D + D50)", "1", "1 - d"),
    Assignment("PF", "50 + 400*intact*sqrt(intact)", "mmHg", "P/F"),
    Assignment("L", "l0 + g_N*f_N + g_D*D", "ng/L", "IL-6"),
    Assignment("Li", "L*(1 - i_toci*toci)", "ng/L", "IL-6 that acts"),
    Assignment(
        "h_ext",
        "exp(b0 + b1*ln(PF/200) + b2*ln(CRP/50) + b3*z_age)/(1 + exp((pf_wean - PF)/pf_width))",
        "1/d",
        "hazard of extubation",
        "vent",
    ),
    Assignment("h_reint", "r0*exp(-(time - t_ext)/tau_r)*(1 + r1*d)", "1/d", "hazard of ventilation again", "again"),
    Assignment("h_lung", "exp(h0 + h1*d + h2*A/10 + h3*z_age)", "1/d", "hazard of death by the lung", "vent + out"),
)

STATES = (
    State(
        "lnP",
        "p_on*24*tempo*(k_pg*(1 - P/P_inf) - k_pm*s_m/(mu_m + k_mp*P) - k_pn*f_N)",
        "ln(P_0)",
        f"ln {AMOUNT}",
        1,
        "logarithm of pathogen",
    ),
    State("N", "24*tempo*(s_nr*R/(mu_nr + R) - mu_n*N)", "0", AMOUNT, 1, "activated phagocytes"),
    State(
        "D",
        "24*tempo*(k_dn*(1 + w_v*vent)*f_N^6/(x_dn^6 + f_N^6) - mu_d*(1 + m_D*u)*D)",
        "0",
        AMOUNT,
        10,
        "tissue damage",
    ),
    State("C", "24*tempo*(s_c + k_cn*(1 + m_C*u)*g_C/(1 + g_C) - mu_c*C)", "s_c/mu_c", AMOUNT, 1, "anti-inflammation"),
    State("CRP", "k_c*(c0 + g_c*Li/(K_c + Li) - CRP)", "c0 + g_c*l0/(K_c + l0)", "mg/L", 100, "CRP"),
    State("F", "k_F*(F0 + g_F*D - F)", "F0", "ug/L", 1000, "ferritin"),
    State("LDH", "k_LDH*(LDH0 + g_LDH*D - LDH)", "LDH0", "U/L", 1000, "LDH"),
    State("DD", "k_DD*(DD0 + g_DD*D - DD)", "DD0", "ug/L FEU", 1000, "D-dimer"),
    State("T", "k_T*(T0/(1 + L/K_T) - T)", "T0/(1 + l0/K_T)", "1e9/L", 1, "T cells"),
    State("A", "(vent + out)*d", "0", "d", 10, "damage summed since ventilation"),
    State("Lv", "h_ext + h_reint", "0", "1", 1, "hazard of the next change of ventilation, summed"),
    State("Ld", "(vent + k_out*out)*h_lung + l_bg*(vent + out)", "0", "1", 1, "hazard of death, summed"),
)

#: what else is written each day beside the states
OBSERVED = ("P", "L", "PF")

#: symbols used by code that is not an equation
USED_ELSEWHERE = (
    "P_0",
    "viability",
    "k_age",
    "pf_vent",
    "lag_vent",
    "rho_B",
    "stay_out",
    "site_death",
    "c_L",
    "c_O",
    "sd_crp",
    "sd_ferritin",
    "sd_d_dimer",
    "sd_ldh",
    "sd_il6",
    "sd_t_cd3",
    "sd_b_cd19",
    "sd_pf",
    "sd_sofa",
    "ar_day",
    "sd_assay",
    "sd_film",
    "sd_reader",
)

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_FUNCTIONS = frozenset(("ln", "exp", "sqrt"))


def names_in(expression: str) -> set[str]:
    """Names of an expression, functions aside."""
    return set(_NAME.findall(expression)) - _FUNCTIONS


def symbols_of_model() -> set[str]:
    """Every symbol that the equations take from the registry."""
    states, assignments = (*STATES, *CELLS), (*CELL_ASSIGNMENTS, EFFECT, *ASSIGNMENTS)
    texts = [s.rate for s in states] + [s.start for s in states] + [a.expression for a in assignments]
    known = {s.name for s in states} | {a.name for a in assignments} | {s.name for s in SWITCHES} | {"time"}
    return set().union(*map(names_in, texts)) - known


def check_symbols(parameters: ParameterSet) -> list[str]:
    """One line for each symbol without a record and each record without a use; empty when both agree."""
    used, recorded = symbols_of_model() | set(USED_ELSEWHERE), set(parameters.symbols)
    missing = [f"{s}: used by the model, not in the registry; add a record" for s in sorted(used - recorded)]
    return missing + [f"{s}: in the registry, used nowhere; remove it or use it" for s in sorted(recorded - used)]


def equation_table() -> str:
    """The equations as a markdown table."""
    lines = ["| quantity | unit | equation | meaning |", "|---|---|---|---|"]
    for s in (*CELLS, *STATES):
        lines.append(f"| {s.name} | {s.unit} | `{s.name}' = {s.rate}`, from `{s.start}` | {s.meaning} |")
    for a in (*CELL_ASSIGNMENTS, EFFECT, *ASSIGNMENTS):
        only = f", 0 unless `{a.only_while} > 0`" if a.only_while else ""
        lines.append(f"| {a.name} | {a.unit} | `{a.name} = {a.expression}`{only} | {a.meaning} |")
    lines += [f"| {s.name} | | switch | {s.meaning} |" for s in SWITCHES]
    return "\n".join(lines) + "\n"


def kernel_source() -> str:
    """Text of `model_kernel.py`."""
    parameters = default_parameters()
    parts = [_HEADER]
    parts += [_places([s.name.upper() for s in STATES]), _places([f"AT_{symbol}" for symbol in parameters.symbols])]
    parts += [f"SCALES = ({', '.join(str(float(s.scale)) for s in STATES)})", "", ""]
    switches = "".join(f"    {s.name}: float,\n" for s in SWITCHES)
    parts += _function("rates", switches, "u: float, ", (), ASSIGNMENTS, STATES, parameters)
    inner = (*CELL_ASSIGNMENTS, EFFECT, *ASSIGNMENTS)
    parts += _function("rates_with_cells", switches, "", CELLS, inner, (*STATES, *CELLS), parameters)
    parts += _start(parameters)
    parts += _observe(parameters)
    return "\n".join(parts).rstrip("\n") + "\n"


_HEADER = '''"""Made from the equations in `model.py`: `python -m onearm.physiology.host.model`. Not changed by hand."""

import math

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.compiled import compiled

Floats = NDArray[np.float64]

# ruff: noqa: E501
# fmt: off
'''


def _function(
    name: str,
    switches: str,
    effect: str,
    cells: Iterable[State],
    assignments: tuple[Assignment, ...],
    states: tuple[State, ...],
    parameters: ParameterSet,
) -> list[str]:
    lines = ["@compiled", f"def {name}(\n    time: float,\n    y: Floats,\n    par: Floats,"]
    lines += ["    u: float,"] if effect else []
    lines += [f"{switches}    dy: Floats,\n) -> None:"]
    with_cells = " and of the cells" if cells else ""
    lines += [f'    """Fill `dy` with the rates per day of the states{with_cells}."""']
    texts = [s.rate for s in states] + [a.expression for a in assignments]
    lines += _unpacked(texts, parameters)
    lines += [f"    {s.name} = y[{place}]" for place, s in enumerate(states) if s.name in _used(texts)]
    lines += [_assignment(a) for a in assignments]
    lines += [f"    dy[{place}] = {_python(s.rate)}" for place, s in enumerate(states)]
    return [*lines, "", ""]


def _start(parameters: ParameterSet) -> list[str]:
    texts = [s.start for s in STATES]
    lines = ["@compiled", "def start(par: Floats, y: Floats) -> float:"]
    lines += ['    """Fill `y` with the states at onset; returns `p_on`."""']
    lines += _unpacked([*texts, "P_0"], parameters)
    lines += [f"    y[{k}] = {_python(s.start)}" for k, s in enumerate(STATES) if s.name != "lnP"]
    return [*lines, "    y[LNP] = math.log(P_0) if P_0 > 0.0 else 0.0", "    return 1.0 if P_0 > 0.0 else 0.0", "", ""]


def _observe(parameters: ParameterSet) -> list[str]:
    needed: set[str] = set(OBSERVED)
    for a in reversed(ASSIGNMENTS):
        needed |= names_in(a.expression) if a.name in needed else set()
    chosen = [a for a in ASSIGNMENTS if a.name in needed]
    texts = [a.expression for a in chosen]
    lines = ["@compiled", "def observe(y: Floats, par: Floats, p_on: float, out: Floats) -> None:"]
    lines += [f'    """Fill `out` with {", ".join(OBSERVED)}."""', *_unpacked(texts, parameters)]
    lines += [f"    {s.name} = y[{place}]" for place, s in enumerate(STATES) if s.name in _used(texts)]
    lines += [_assignment(a) for a in chosen]
    return [*lines, *(f"    out[{place}] = {name}" for place, name in enumerate(OBSERVED))]


def _used(texts: Iterable[str]) -> set[str]:
    return set().union(*map(names_in, texts))


def _places(names: list[str]) -> str:
    rows = [", ".join(names[i : i + 10]) for i in range(0, len(names), 10)]
    return "(\n    " + ",\n    ".join(rows) + f",\n) = range({len(names)})"


def _unpacked(texts: Iterable[str], parameters: ParameterSet) -> Iterator[str]:
    used = _used(texts)
    places = [(symbol, f"par[{place}]") for place, symbol in enumerate(parameters.symbols) if symbol in used]
    for i in range(0, len(places), 6):
        names, values = zip(*places[i : i + 6], strict=True)
        yield f"    {', '.join(names)} = {', '.join(values)}"


def _assignment(a: Assignment) -> str:
    value = _python(a.expression)
    return f"    {a.name} = {value} if {a.only_while} > 0.0 else 0.0" if a.only_while else f"    {a.name} = {value}"


def _python(expression: str) -> str:
    text = expression.replace("^", "**")
    for ours, theirs in (("ln", "math.log"), ("exp", "math.exp"), ("sqrt", "math.sqrt")):
        text = re.sub(rf"(?<![\w.]){ours}\(", f"{theirs}(", text)
    return text


if __name__ == "__main__":
    from pathlib import Path

    Path(__file__).with_name("model_kernel.py").write_text(kernel_source(), encoding="utf-8")
