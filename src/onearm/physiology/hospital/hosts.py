"""The patients of a virtual hospital: who comes to ventilation, where, when, and how the hospital and the day count."""

import math

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.hospital.world import World
from onearm.physiology.host.parameters import Level
from onearm.physiology.host.patient import Draws, draw_patients, simulate_patients
from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.physiology.tables.ward import DAY, Minutes, minute_of
from onearm.physiology.tables.ward_tables import ages

_ASKED = 2.6  # persons simulated for each patient, at a time, until enough come to ventilation
_READ = 20  # draw of Process.CO_TREATMENT


def hosts(world: World, key: Key, purpose: Purpose, threads: int) -> tuple[Draws, Floats]:
    """The first `patients` persons, by number, who come to ventilation, and the P/F read when it begins, mmHg.

    Their hazard of death by the lung is that of the hospital and the day of entry. Raises ValueError when nearly nobody
    comes to ventilation.
    """
    ask = math.ceil(_ASKED * world.patients)
    kept: list[NDArray[np.int64]] = []
    worst: list[Floats] = []
    first = 0
    while sum(k.size for k in kept) < world.patients:
        numbers = np.arange(first, first + ask, dtype=np.int64)
        draws = _aged(draw_patients(world.parameters, key, numbers, purpose=purpose))
        comes = simulate_patients(draws, purpose=purpose, days=(0.0,), threads=threads)
        there = np.isfinite(comes.ventilation_changes[:, 0])
        kept.append(numbers[there])
        worst.append(comes.marker("pf")[there, 0])
        first += ask
        if first > 100 * (world.patients + ask):
            raise ValueError(f"fewer than {world.patients} of {first} persons come to ventilation; look at pf_vent")
    numbers = np.concatenate(kept)[: world.patients]
    draws = _aged(draw_patients(world.parameters, key, numbers, purpose=purpose))
    draws = draws.with_values(h0=draws.of("h0") + _of_place_and_day(world, draws))
    spread = world.parameters.medians[world.parameters.column("sd_pf")]
    read = np.exp(spread * normal(key, Process.CO_TREATMENT, numbers, draw=_READ))
    return draws, np.concatenate(worst)[: world.patients] * read


def hospital_numbers(world: World, draws: Draws) -> NDArray[np.int64]:
    """Hospital of each patient, from 1."""
    return 1 + (uniform(draws.key, Process.SITE, draws.patients) * world.hospitals).astype(np.int64)


def entering(world: World, draws: Draws) -> Minutes:
    """When ventilation begins: evenly over the days of entry."""
    return np.asarray(minute_of(world.first_entry) + (_entry(draws) * world.entry_days * DAY).astype(np.int64))


def _entry(draws: Draws) -> Floats:
    """Place in the time of entry, 0 to 1."""
    return uniform(draws.key, Process.ENTRY, draws.patients)


def _aged(draws: Draws) -> Draws:
    """The age of the hazards is that of the records."""
    return draws.with_values(z_age=(ages(draws.key, draws.patients) - 65) / 10)


def _of_place_and_day(world: World, draws: Draws) -> Floats:
    """What hospital and day of entry add to the log hazard of death by the lung."""
    known = world.parameters
    sites = known.draw(draws.key, np.arange(1, world.hospitals + 1), level=Level.SITE)[:, known.column("site_death")]
    return np.asarray(sites[hospital_numbers(world, draws) - 1] + np.log(world.drift) * (1 - _entry(draws)))
