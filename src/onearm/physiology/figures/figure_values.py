"""Values of the figures of a virtual trial, from its true courses: bands, outcomes, phase picture, places of the cells.

They teach what selection and turnover alone can do. None of them is evidence about a product.
"""

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.host.cells import CellRates, cell_amounts, cell_label
from onearm.physiology.host.parameters import ParameterSet, Standing
from onearm.physiology.host.patient import Courses
from onearm.physiology.host.phase import attractors, boundary
from onearm.results.virtual_figures import (
    AssumptionBar,
    BandPanel,
    CellPlaces,
    OutcomeStack,
    PhasePath,
    PhasePicture,
    PopulationBands,
    PublishedRange,
)

Floats = NDArray[np.float64]

HORIZON = 28
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: marker, as printed, unit, logarithmic, where the worse values lie
BANDED = (
    ("pf", "P/F", "mmHg", False, "low"),
    ("crp", "CRP", "mg/L", True, "high"),
    ("il6", "IL-6", "ng/L", True, "high"),
    ("ferritin", "ferritin", "ug/L", True, "high"),
    ("ldh", "LDH", "U/L", True, "high"),
    ("d_dimer", "D-dimer", "ug/L FEU", True, "high"),
    ("t_cd3", "T cells", "cells/uL", True, "low"),
    ("b_cd19", "B cells", "cells/uL", True, "low"),
)
_AROUND_INFUSION = np.arange(-3, 15)
_MOST_PATHS = 40
#: Gholamrezanezhad 2011, as quoted by whoever collected the facts: read in the abstract only
_PUBLISHED = (
    PublishedRange("lung", 20.0, 0.270, 0.335, "at once"),
    PublishedRange("lung", 14_400.0, 0.020, 0.054, "day 10"),
    PublishedRange("liver and spleen", 20.0, 0.020, 0.130, "at once"),
    PublishedRange("liver and spleen", 14_400.0, 0.431, 0.596, "day 10"),
)
_PUBLISHED_SOURCE = (
    "Bars: 111In label in 4 patients (Gholamrezanezhad 2011, read in the abstract only); liver and spleen are the sums "
    "of the two published ranges."
)


def first_infusion(courses: Courses) -> Floats:
    """Day since ventilation on which each patient was first infused, inf where never; shape (patients,)."""
    doses = courses.schedule.doses
    at = np.where(doses[..., 2] > 0, doses[..., 0], np.inf)
    return np.asarray(at.min(axis=1, initial=np.inf), dtype=np.float64)


def assumption_bar(parameters: ParameterSet) -> AssumptionBar:
    """Parameters by standing."""
    found = [r.standing for r in parameters.records]
    return AssumptionBar(*(found.count(s) for s in (Standing.PUBLISHED, Standing.DERIVED, Standing.ASSUMPTION)))


def states_by_day(courses: Courses, days: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 ventilated, 1 alive off the ventilator, 2 dead at each of `days`, shape (patients, days)."""
    changes = courses.ventilation_changes[:, :, None] <= days  # nan is never
    dead = courses.death_day[:, None] <= days
    return np.where(dead, 2, np.where(changes.sum(axis=1) % 2 == 1, 0, 1)).astype(np.int64)


def outcome_stacks(given: Courses, untreated: Courses) -> tuple[OutcomeStack, ...]:
    """Everyone, the infused, and the same infused patients without their infusions; no infused, no such panel."""
    infused = np.isfinite(first_infusion(given))
    everyone = np.ones(infused.size, dtype=bool)
    stacks = [("everyone, as it went", given, everyone)]
    if infused.any():
        stacks += [("the infused", given, infused), ("the same people, not infused", untreated, infused)]
    return tuple(_stack(title, courses, who) for title, courses, who in stacks)


def _stack(title: str, courses: Courses, who: NDArray[np.bool_]) -> OutcomeStack:
    state = states_by_day(courses, np.arange(HORIZON + 1))[who]
    shares = [tuple((state == s).mean(axis=0).tolist()) for s in (0, 1, 2)]
    return OutcomeStack(title, int(who.sum()), *shares)


def population_bands(given: Courses) -> tuple[PopulationBands, ...]:
    """Each marker as the ward sees it, with the dead counted, and from the infusion on."""
    days = np.arange(HORIZON + 1)
    state = states_by_day(given, days)
    first = first_infusion(given)
    found = []
    for marker, name, unit, logarithmic, worse in BANDED:
        by_day = _at(given, marker, np.broadcast_to(days.astype(float), state.shape))
        panels = [
            _panel("alive and ventilated", "ventilation", days, np.where(state == 0, by_day, np.nan), None, worse),
            _panel("everyone, the dead counted", "ventilation", days, by_day, state == 2, worse),
        ]
        infused = np.isfinite(first)
        if infused.any():
            around = first[infused, None] + _AROUND_INFUSION
            aligned = _at(given, marker, around, infused)
            panels.append(_panel("the infused, while alive", "first infusion", _AROUND_INFUSION, aligned, None, worse))
        found.append(PopulationBands(name, unit, logarithmic, worse, tuple(panels)))
    return tuple(found)


def _at(courses: Courses, marker: str, day: Floats, who: NDArray[np.bool_] | None = None) -> Floats:
    """True values at the nearest kept time, nan before ventilation and after death; shape as `day`."""
    value = courses.marker(marker) if who is None else courses.marker(marker)[who]
    right = np.clip(np.searchsorted(courses.days, day), 1, courses.days.size - 1)
    nearer_left = day - courses.days[right - 1] <= courses.days[right] - day
    found = np.take_along_axis(value, np.where(nearer_left, right - 1, right), axis=1)
    return np.asarray(np.where(day < 0, np.nan, found), dtype=np.float64)


def _panel(
    title: str, clock: str, days: NDArray[np.int64], values: Floats, dead: NDArray[np.bool_] | None, worse: str
) -> BandPanel:
    """Quantiles of what is counted each day; the dead, where they are counted, stand at the worse end."""
    worst = -np.inf if worse == "low" else np.inf
    counted = values if dead is None else np.where(dead, worst, values)
    n = np.sum(~np.isnan(counted), axis=0)
    quantiles = [tuple(_quantile(column, q) for column in counted.T) for q in QUANTILES]
    share = np.zeros(days.size) if dead is None else dead.mean(axis=0)
    return BandPanel(title, clock, tuple(days.tolist()), tuple(n.tolist()), tuple(share.tolist()), tuple(quantiles))


def _quantile(column: Floats, q: float) -> float | None:
    """A value that occurs (inverse of the distribution function), so that the dead need no number."""
    known = np.sort(column[~np.isnan(column)])
    if not known.size:
        return None
    value = float(known[min(known.size - 1, int(np.ceil(q * known.size)) - 1 if q * known.size >= 1 else 0)])
    return value if np.isfinite(value) else None


def phase_picture(given: Courses) -> PhasePicture:
    """The first patients by number, daily from ventilation on."""
    days = np.arange(HORIZON + 1, dtype=np.float64)
    place = np.array([int(np.argmin(np.abs(given.days - d))) for d in days])
    end = states_by_day(given, np.array([HORIZON]))[:, 0]
    paths = []
    for i in range(min(_MOST_PATHS, given.draws.patients.size)):
        n, d = given.of("N")[i, place], given.of("D")[i, place]
        known = np.isfinite(n) & np.isfinite(d)
        outcome = ("ventilated", "off", "dead")[end[i]]
        paths.append(PhasePath(tuple(n[known].tolist()), tuple(d[known].tolist()), outcome))
    parameters = given.draws.parameters
    n_at = np.linspace(0, 0.5, 26)
    border = boundary(parameters, n_at)
    shown = slice(0, int(np.argmax(border < 1e-3)) + 1 if (border < 1e-3).any() else None)
    return PhasePicture(
        tuple(paths),
        attractors(parameters),
        tuple(n_at[shown].tolist()),
        tuple(border[shown].tolist()),
        HORIZON,
    )


def cell_places(parameters: ParameterSet) -> CellPlaces:
    """One dose in the middle patient from 1 minute to 14 days; the middle values, no spread."""
    value = dict(zip(parameters.symbols, parameters.medians.tolist(), strict=True))
    shares = (value["f_L"], (1 - value["f_L"]) * value["phi_O"])
    rates = CellRates(value["k_b"], *shares, value["d_L"], value["d_O"], value["r_L"], value["r_O"])
    minute = np.geomspace(1, HORIZON / 2 * 1440, 121)
    dose = [[0.0, 0.0, 1.0, 1.0]]
    blood, lung, organs, dead, _ = cell_amounts(rates, value["k_E"], dose, minute / 1440).T
    label = cell_label(rates, value["c_L"], value["c_O"], dose, minute / 1440)
    return CellPlaces(
        minute=_told(minute),
        lung=_told(lung),
        organs=_told(organs),
        blood=_told(blood),
        dead=_told(dead),
        label_lung=_told(lung + label[:, 0]),
        label_organs=_told(organs + label[:, 1]),
        published=_PUBLISHED,
        source=_PUBLISHED_SOURCE,
    )


def _told(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())
