"""Figures of the model of the host that are no speed: the published core, balance, exactness, turnover, repeatability.

The tests of `tests/physiology` hold the same with limits; here the numbers are shown.
"""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measure import Measure, Reading
from bench.process import answer

Floats = NDArray[np.float64]

_SEED = 20261125
#: hour -> P, N, D, C of Reynolds 2006 with P0 = 1: computed for the design, agrees with the curated run to 4e-5
_CORE = {
    2: (0.977054233, 0.062543066, 0.034202259, 0.135407755),
    10: (0.05644244, 0.174102939, 2.03195581, 0.337960419),
    36: (np.nan, 0.196269864, 3.400922291, 0.502177896),
    150: (np.nan, 0.076544424, 0.805857809, 0.492171554),
}
#: start P0, growth k_pg -> where the model ends: N, D, C of persistent inflammation and of infection that stays
_ATTRACTORS = {
    (1.5, 0.3): (0.635014057, 17.398955856, 0.522863989),
    (1.0, 0.6): (0.980965625, 17.492523268, 0.522876138),
}
_RANDOM_SETS = 1_000
_TRIALS = 3


def reynolds() -> dict[str, float | str]:
    """Greatest relative difference to the values of the published core and to its attractors."""
    found = _core(list(_CORE), P_0=1.0, k_pg=0.3)
    off = np.abs(found / np.array(list(_CORE.values())) - 1)
    worst = [float(np.nanmax(off))]
    for (start, growth), ends in _ATTRACTORS.items():
        there = _core([4_000.0], P_0=start, k_pg=growth)[0, 1:]
        worst.append(float(np.abs(there / np.array(ends) - 1).max()))
    note = f"4 times, {max(worst[1:]):.0e} at 2 attractors; recovery reached: D {_core([1000.0], P_0=1.0)[0, 2]:.0e}"
    return {"value": max(worst), "lowest": min(worst), "highest": max(worst), "note": note}


def _core(hours: list[float], **values: float) -> Floats:
    """P, N, D, C of the model with everything of ours off, shape (hours, 4)."""
    from onearm.physiology.host.patient import simulate_patients
    from onearm.physiology.purpose import Purpose

    host = _alike(**{"tempo": 1.0, "pf_vent": 40.0, **values})  # P/F 40 is never reached
    told = {"purpose": Purpose.METHOD_VALIDATION, "from_onset": True, "rtol": 1e-10}
    return simulate_patients(host, days=np.asarray(hours) / 24, **told).daily[0, :, :4]


def _alike(**values: float) -> Any:
    """One patient with median values but for these."""
    from onearm.physiology.host.parameters import default_parameters
    from onearm.physiology.host.patient import draw_patients
    from onearm.physiology.purpose import Purpose
    from onearm.physiology.randomness import Key

    middle = default_parameters().without_spread()
    return draw_patients(middle, Key(_SEED, 1), [0], purpose=Purpose.METHOD_VALIDATION).with_values(**values)


def cells() -> Iterator[tuple[float, float]]:
    """Of random rates and times: imbalance over the dose, greatest difference to the matrix exponential."""
    from scipy.linalg import expm

    from onearm.physiology.host.cells import CellRates, cell_amounts

    rng = np.random.default_rng(_SEED)
    for _ in range(_RANDOM_SETS):
        f_l = rng.uniform(0.25, 0.85)
        f_o = (1 - f_l) * rng.uniform(0.1, 0.95)
        k_b, d_l, d_o = np.exp(rng.uniform(np.log(100), np.log(2000))), *rng.uniform(0.2, 3, 2)
        r_l, r_o = np.exp(rng.uniform(np.log(0.01), np.log(3), 2))
        k_e, day = rng.uniform(0.1, 10), np.exp(rng.uniform(np.log(1e-4), np.log(30)))
        rates = CellRates(k_b, f_l, f_o, d_l, d_o, r_l, r_o)
        ours = cell_amounts(rates, k_e, [[0.0, 0.0, 1.0, 1.0]], [day])[0]
        system = np.array(
            [
                [-k_b, r_l, r_o, 0, 0],
                [f_l * k_b, -(r_l + d_l), 0, 0, 0],
                [f_o * k_b, 0, -(r_o + d_o), 0, 0],
                [(1 - f_l - f_o) * k_b, d_l, d_o, 0, 0],
                [0, k_e, 0, 0, -k_e],
            ]
        )
        yield abs(ours[:4].sum() - 1), float(np.abs(ours - expm(system * day)[:, 0]).max())


def worst_of_cells(place: int) -> dict[str, float | str]:
    """The worst of `cells`: 0 imbalance, 1 difference."""
    worst = np.array(list(cells())).max(axis=0)[place]
    note = f"{_RANDOM_SETS:,} random sets of rates and times"
    return {"value": float(worst), "lowest": float(worst), "highest": float(worst), "note": note}


def crp() -> dict[str, float | str]:
    """Hours in which C-reactive protein halves once nothing drives it: read off two days of the solved course."""
    from onearm.physiology.host.patient import Schedule, simulate_patients
    from onearm.physiology.purpose import Purpose

    blocked = Schedule(np.zeros((1, 0, 4)), np.array([[np.inf, np.inf, 0.0, np.inf]]))
    host = _alike(P_0=0.2, pf_vent=40.0, c0=0.0, i_toci=1.0)
    told = {"purpose": Purpose.METHOD_VALIDATION, "from_onset": True, "rtol": 1e-10}
    course = simulate_patients(host, blocked, days=[0.0, 1.0, 2.0], **told).marker("crp")[0]
    hours = 24 * np.log(2) / np.log(course[:-1] / course[1:])
    return {"value": float(hours.mean()), "lowest": float(hours.min()), "highest": float(hours.max()), "note": ""}


def repeat() -> dict[str, float | str]:
    """Virtual trials whose records differ between 1 and 2 threads or between two runs."""
    from onearm.physiology.hospital.draw import draw_records
    from onearm.physiology.hospital.world import World
    from onearm.physiology.purpose import Efficacy
    from onearm.physiology.tables.product_policy import ProductPolicy

    effect = Efficacy(1.0, "bench", "so that cells are solved")
    world = World(patients=73, efficacy=effect, product=ProductPolicy(dose_shares=(0.2, 0.6, 0.2)))

    def drawn(trial: int, threads: int) -> str:
        return draw_records(world, seed=_SEED, trial=trial, purpose="method_validation", threads=threads).sha256()

    differ = sum(len({drawn(k, 1), drawn(k, 2), drawn(k, 1)}) > 1 for k in range(_TRIALS))
    note = f"{_TRIALS} trials of 73, threads 1, 2 and 1 again"
    return {"value": float(differ), "lowest": float(differ), "highest": float(differ), "note": note}


def child(part: str) -> Reading:
    """A reading taken in a process of its own."""
    return Reading(**answer("bench.host_figures", part))


_CHILDREN: dict[str, Callable[[], dict[str, float | str]]] = {
    "reynolds": reynolds,
    "mass": partial(worst_of_cells, 0),
    "exact": partial(worst_of_cells, 1),
    "crp": crp,
    "repeat": repeat,
}

MEASURES = (
    Measure("physiology.reynolds", "published core of inflammation, greatest difference", "of the value",
            partial(child, "reynolds"), target="< 1e-4"),
    Measure("physiology.mass", "infused = circulating + arrested + lost", "of the dose",
            partial(child, "mass"), target="< 1e-10"),
    Measure("physiology.exact", "cells in closed form against the matrix exponential", "of the dose",
            partial(child, "exact"), target="< 1e-8"),
    Measure("physiology.crp", "half-life of C-reactive protein once synthesis stops", "h",
            partial(child, "crp"), target="29.1"),
    Measure("hospital.repeat", "virtual trials that differ between 1 and 2 threads, or two runs", "faults",
            partial(child, "repeat"), target="0"),
)  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(_CHILDREN[sys.argv[1]]()))
