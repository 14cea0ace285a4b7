"""Is the model of the host solved right, how many patients does a CPU-second give, and how much memory do they take?

All engines solve the same equations with the same parameters: 28 days from ventilation, three doses at odd times,
efficacy on, 29 daily outputs, ventilated throughout and nobody dead, so that no course ends early. Ours also solves the
days from onset to ventilation and finds its start; the peers are given the state at ventilation. Equal tolerance is not
equal error: each engine's speed is read off where its greatest error is 1e-4 of a patient's own peak.
"""

import itertools
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measure import Measure, MeasureFailed, Reading
from bench.process import answer

Floats = NDArray[np.float64]

_SEED, _DOSES, _LAST = 20261125, (3.2, 6.4, 9.77), 28.0
_TIGHT, _GREATEST_ERROR = 1e-12, 1e-4
_PATIENTS, _SLOW = 200, 16  # of each engine's sweep; of SciPy
_TIMED = 2_000  # ours, for a reading of more than a moment
_MANY = 10_000
_TRIALS = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """Patients as parameters, their state at ventilation, and the daily states by our integrator at rtol 1e-12."""

    par: Floats  # (patients, parameters)
    start: Floats  # (patients, 12)
    daily: Floats  # (patients, 29, 12); P, not its logarithm
    pathogen: Floats  # (patients,) at onset


def problem(count: int) -> Problem:
    """The first so many patients that are ever ventilated."""
    from onearm.physiology.host.parameters import default_parameters
    from onearm.physiology.host.patient import draw_patients, simulate_patients
    from onearm.physiology.purpose import Purpose
    from onearm.physiology.randomness import Key

    told = {"purpose": Purpose.METHOD_VALIDATION}
    draws = draw_patients(default_parameters(), Key(_SEED, 1), np.arange(3 * count + 20), **told)
    begun = simulate_patients(draws, **told, days=[0.0]).onset_to_ventilation_days
    chosen = np.flatnonzero(np.isfinite(begun))[:count]
    par = draws.with_values(emax=1.0, q=1.0).values[chosen]
    daily, _ = by_ours(par, _TIGHT)
    start = daily[:, 0].copy()
    with np.errstate(divide="ignore"):
        start[:, 0] = np.maximum(np.log(start[:, 0]), -700)
    return Problem(par, start, daily, draws.of("P_0")[chosen])


def by_ours(par: Floats, rtol: float) -> tuple[Floats, Floats]:
    """Daily states, and steps tried by each patient."""
    from onearm.physiology.host.integrate import STEPS, Clock, Plan, integrate
    from onearm.physiology.host.patient import same_doses

    n = len(par)
    given = same_doses(n, _DOSES, minutes=0.0)
    plan = Plan(given.doses, given.drugs, np.full((n, 6), np.inf), np.full(n, 0.5))
    daily, events = integrate(par, plan, Clock(np.arange(_LAST + 1), False, 60.0, rtol))
    return daily[:, :, :12], events[:, STEPS]


def errors(daily: Floats, told: Problem) -> Floats:
    """Greatest error of each patient over states and days, as a share of the state's own peak."""
    n = len(daily)
    peak = told.daily[:n].max(axis=1)
    peak[:, 0] = np.maximum(peak[:, 0], told.pathogen[:n])
    share = np.abs(daily - told.daily[:n]) / np.where(peak > 0, peak, 1)[:, None]
    return np.asarray(share.max(axis=(1, 2)))


Solve = Callable[[float], Floats]


def solver_ours(told: Problem) -> Solve:
    """Ours, one thread."""
    return lambda rtol: by_ours(told.par, rtol)[0]


def solver_roadrunner(told: Problem) -> Solve:
    """libRoadRunner (CVODE) on the exported SBML, doses as its events."""
    import roadrunner

    from onearm.physiology.host.model import STATES
    from onearm.physiology.host.parameters import default_parameters
    from onearm.physiology.host.sbml import Change, Dose, to_antimony, to_sbml

    registry = default_parameters()
    text = to_antimony(registry, [Dose(d, 1.0) for d in _DOSES], changes=[Change(0.0, "vent", 1.0)])
    runner = roadrunner.RoadRunner(to_sbml(text))
    names = [s.name for s in STATES]
    runner.timeCourseSelections = names
    place = {name: k for k, name in enumerate(runner.model.getGlobalParameterIds())}
    used = [(k, place[s]) for k, s in enumerate(registry.symbols) if s in place]
    columns, places = [k for k, _ in used], [p for _, p in used] + [place[n] for n in names]

    def solve(rtol: float) -> Floats:
        runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = rtol, rtol / 100
        out = np.empty((len(told.par), 29, 12))
        for i, (par, start) in enumerate(zip(told.par, told.start, strict=True)):
            runner.reset()
            runner.model.setGlobalParameterValues(places, [*par[columns], *start])
            out[i] = runner.simulate(0, _LAST, 29)
        return _pathogen(out)

    return solve


def solver_numbalsoda(told: Problem) -> Solve:
    """numbalsoda (LSODA) on the generated rates, cells as differential equations, restarted at each dose."""
    from numba import carray, cfunc, njit
    from numbalsoda import lsoda, lsoda_sig

    from onearm.physiology.host.model_kernel import rates_with_cells

    parameters = told.par.shape[1]

    @cfunc(lsoda_sig)  # type: ignore[untyped-decorator]
    def slope(t: float, u: Any, du: Any, p: Any) -> None:
        y, dy, par = carray(u, (17,)), carray(du, (17,)), carray(p, (parameters,))
        rates_with_cells(t, y, par, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, dy)

    address, legs = slope.address, _legs()

    @njit  # type: ignore[untyped-decorator]
    def all_of(pars: Floats, starts: Floats, rtol: float, out: Floats) -> None:
        for i in range(len(pars)):
            y = np.zeros(17)
            y[:12] = starts[i]
            done = 0
            for leg in legs:
                rows, _ = lsoda(address, y, leg, pars[i], rtol, rtol / 100)
                for r in range(len(leg)):
                    if leg[r] == done:
                        out[i, done] = rows[r, :12]
                        done += 1
                y = rows[-1].copy()
                y[12] += 1.0

    def solve(rtol: float) -> Floats:
        out = np.empty((len(told.par), 29, 12))
        all_of(told.par, told.start, rtol, out)
        return _pathogen(out)

    return solve


def solver_scipy(told: Problem) -> Solve:
    """SciPy LSODA on the same rates."""
    return partial(_by_scipy, told, "LSODA", _SLOW)


def _by_scipy(told: Problem, method: str, count: int, rtol: float) -> Floats:
    from scipy.integrate import solve_ivp

    from onearm.physiology.host.model_kernel import rates_with_cells

    out = np.empty((count, 29, 12))

    def slope(t: float, y: Floats, par: Floats) -> Floats:
        dy = np.empty(17)
        rates_with_cells(t, y, par, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, dy)
        return dy

    for i in range(count):
        y = np.concatenate((told.start[i], np.zeros(5)))
        for leg in _legs():
            span, want = (leg[0], leg[-1]), {"rtol": rtol, "atol": rtol / 100}
            rows = solve_ivp(slope, span, y, method, leg, args=(told.par[i],), **want).y.T
            whole = leg == np.round(leg)
            out[i, leg[whole].astype(int)] = rows[whole, :12]
            y = rows[-1].copy()
            y[12] += 1.0
    return _pathogen(out)


def _legs() -> tuple[Floats, ...]:
    """Days between the doses, both ends and the whole days within."""
    ends = (0.0, *_DOSES, _LAST)
    days = np.arange(_LAST + 1)
    return tuple(np.unique([a, *days[(days > a) & (days < b)], b]) for a, b in itertools.pairwise(ends))


def _pathogen(out: Floats) -> Floats:
    out[:, :, 0] = np.exp(out[:, :, 0])
    return out


_ENGINES: dict[str, Callable[[Problem], Solve]] = {
    "ours": solver_ours,
    "libRoadRunner": solver_roadrunner,
    "numbalsoda": solver_numbalsoda,
    "SciPy LSODA": solver_scipy,
}
_TOLERANCES = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9)


def engine(name: str) -> dict[str, Any]:
    """Speed of one engine at an error of 1e-4, patients per CPU-second, and the sweep behind it."""
    told = problem(_SLOW if name == "SciPy LSODA" else _PATIENTS)
    solve = _ENGINES[name](told)
    solve(1e-3)  # compiles
    sweep = []
    for rtol in _TOLERANCES:
        daily, seconds = _timed(solve, rtol)
        sweep.append((float(errors(daily, told).max()), len(daily) / seconds, rtol))
    return {"speed": _at(_GREATEST_ERROR, sweep), "sweep": sweep}


def _timed(solve: Solve, rtol: float) -> tuple[Floats, float]:
    best = math.inf
    for _ in range(3):
        begun = time.process_time()
        daily = solve(rtol)
        best = min(best, time.process_time() - begun)
    return daily, best


def _at(error: float, sweep: list[tuple[float, float, float]]) -> float:
    """Speed at an error, straight in logarithms between the readings; that of the nearest end outside them."""
    rows = np.log(sorted((e, s) for e, s, _ in sweep))
    return float(np.exp(np.interp(math.log(error), rows[:, 0], rows[:, 1])))


def speed() -> Reading:
    """Ours against the fastest peer, each engine in a process of its own, one thread."""
    found = {name: answer("bench.physiology", "engine", name) for name in _ENGINES}
    ours = found.pop("ours")
    peers = {name: f["speed"] for name, f in found.items()}
    standard = answer("bench.physiology", "standard")
    told = ", ".join(f"{name} {s:,.0f}/s" for name, s in sorted(peers.items(), key=lambda x: -x[1]))
    note = (
        f"at greatest error 1e-4; {told}; SciPy on {_SLOW} patients, the others on {_PATIENTS}; "
        f"ours with its standard tolerance {standard['speed']:,.0f}/s, {standard['steps']:.0f} steps a patient, "
        f"kernel loaded in {standard['load']:.2f} s"
    )
    return Reading(ours["speed"], ours["speed"], ours["speed"], 3, max(peers.values()), note)


def standard() -> dict[str, float]:
    """Ours at the tolerance users get, and how long its first call takes from the cache."""
    from onearm.physiology.host.patient import RTOL

    told = problem(_TIMED)
    begun = time.perf_counter()
    answer("bench.physiology", "first")
    load = time.perf_counter() - begun
    _, seconds = _timed(solver_ours(told), RTOL)
    return {"speed": _TIMED / seconds, "steps": float(by_ours(told.par, RTOL)[1].mean()), "load": load}


def first() -> dict[str, float]:
    """One patient, in a process that has compiled nothing."""
    from onearm.physiology.host.parameters import default_parameters

    by_ours(default_parameters().medians[None], 1e-7)
    return {}


def accuracy() -> dict[str, float | str | int]:
    """Greatest error of 1,000 patients at the standard tolerance; our tight run is held against SciPy's Radau."""
    from onearm.physiology.host.patient import RTOL

    told, held = problem(1_000), 10
    found = errors(by_ours(told.par, RTOL)[0], told)
    reference = float(errors(_by_scipy(told, "Radau", held, 1e-11), told).max())
    if not reference < _GREATEST_ERROR / 100:
        raise MeasureFailed(f"the reference differs from Radau by {reference:.1e} of a peak")
    note = (
        f"rtol {RTOL:g}, 1,000 patients x 12 states x 29 days, median of patients {np.median(found):.1e}; "
        f"reference at rtol {_TIGHT:g}, within {reference:.0e} of Radau on {held}"
    )
    return {"value": float(found.max()), "lowest": float(found.min()), "highest": float(found.max()), "note": note}


def memory() -> dict[str, float | str]:
    """Resident megabytes at most, 10,000 patients with all daily outputs."""
    from onearm.physiology.host.parameters import default_parameters
    from onearm.physiology.host.patient import draw_patients, same_doses, simulate_patients
    from onearm.physiology.purpose import Efficacy, Purpose
    from onearm.physiology.randomness import Key

    told = {"purpose": Purpose.METHOD_VALIDATION}
    draws = draw_patients(default_parameters(), Key(_SEED, 1), np.arange(_MANY), **told)
    effect = Efficacy(1.0, "bench", "so that cells are solved")
    courses = simulate_patients(draws, same_doses(_MANY, _DOSES), effect, **told)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note = f"{_MANY:,} patients, daily states alone {courses.daily.nbytes / 2**20:.0f} MB"
    return {"value": megabytes, "lowest": megabytes, "highest": megabytes, "note": note}


def hospital() -> dict[str, float | str]:
    """Whole virtual trials of 73 patients, records and truth, a CPU-second."""
    from onearm.physiology.hospital.draw import draw_hospital
    from onearm.physiology.hospital.world import World
    from onearm.physiology.purpose import Purpose

    world = World(patients=73)
    told = {"seed": _SEED, "purpose": Purpose.METHOD_VALIDATION}
    draw_hospital(world, **told)
    begun = time.process_time()
    rows = [sum(t.height for t in draw_hospital(world, trial=k, **told)[0].tables.values()) for k in range(_TRIALS)]
    rate = _TRIALS / (time.process_time() - begun)
    note = f"{_TRIALS} trials, {sum(rows) / _TRIALS:,.0f} rows each"
    return {"value": rate, "lowest": rate, "highest": rate, "note": note}


def child(part: str) -> Reading:
    """A reading taken in a process of its own."""
    return Reading(**answer("bench.physiology", part))


_CHILDREN: dict[str, Callable[..., Any]] = {
    "accuracy": accuracy,
    "memory": memory,
    "engine": engine,
    "standard": standard,
    "first": first,
    "hospital": hospital,
}

MEASURES = (
    Measure(
        "physiology.accuracy",
        "greatest error of a state of 1,000 virtual patients",
        "of peak",
        partial(child, "accuracy"),
        target="< 1e-4",
    ),
    Measure(
        "physiology.speed",
        "virtual patients: 28 d from ventilation, 3 doses, 29 days of output",
        "patients/s",
        speed,
        "fastest of libRoadRunner, numbalsoda, SciPy LSODA",
        "> 5,000",
    ),
    Measure("physiology.memory", "10,000 virtual patients in memory", "MB", partial(child, "memory"), target="< 500"),
    Measure(
        "hospital.speed",
        "virtual trials of 73 patients, all tables, a CPU-second",
        "trials/s",
        partial(child, "hospital"),
        target="50",
    ),
)


if __name__ == "__main__":
    print(json.dumps(_CHILDREN[sys.argv[1]](*sys.argv[2:])))
