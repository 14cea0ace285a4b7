"""The figures of one virtual trial as frozen values: the one door through which its true courses leave, as pictures."""

from dataclasses import replace

import numpy as np

from onearm.physiology.context_of_use import ALLOWED, FORBIDDEN
from onearm.physiology.figures.figure_values import (
    assumption_bar,
    cell_places,
    first_infusion,
    outcome_stacks,
    phase_picture,
    population_bands,
)
from onearm.physiology.figures.tornado import tornado
from onearm.physiology.figures.ward_charts import ward_charts
from onearm.physiology.hospital.draw import DrawnTrial, draw_courses
from onearm.physiology.hospital.world import World
from onearm.physiology.host.registry_table import NOT_MODELLED, STATEMENT, share_of_assumptions
from onearm.physiology.purpose import Purpose, require_purpose
from onearm.protocol.study import Protocol
from onearm.results.virtual_figures import VirtualAbout, VirtualFigures


def draw_figures(
    world: World,
    *,
    seed: int,
    trial: int = 0,
    purpose: Purpose,
    threads: int = 1,
    protocol: Protocol | None = None,
    picked: str = "",
) -> VirtualFigures:
    """All figures of the trial that `draw_hospital` gives for the same world, seed, trial and protocol.

    `picked` says of a trial that was picked among many which it is, of how many and for what, and stands on the page.
    The true course and the untreated twin of a patient are in them for teaching and design only. The same arguments
    give the same values, whatever the threads. Raises TypeError without a Purpose.
    """
    require_purpose(purpose)
    drawn = draw_courses(world, seed=seed, trial=trial, purpose=purpose, threads=threads, protocol=protocol)
    about = replace(_about(world, seed, trial, drawn), picked=picked)
    return VirtualFigures(
        about=about,
        bar=assumption_bar(world.parameters),
        tornado=tornado(world, seed=seed, trial=trial, purpose=purpose, threads=threads),
        cells=cell_places(world.parameters),
        bands=population_bands(drawn.given),
        outcomes=outcome_stacks(drawn.given, drawn.untreated),
        phase=phase_picture(drawn.given),
        wards=ward_charts(drawn),
    )


def _about(world: World, seed: int, trial: int, drawn: DrawnTrial) -> VirtualAbout:
    return VirtualAbout(
        purpose=drawn.purpose.value,
        seed=seed,
        trial=trial,
        world_sha256=world.sha256,
        patients=drawn.records["subjects"].height,
        treated=int(np.isfinite(first_infusion(drawn.given)).sum()),
        emax=world.efficacy.emax if world.efficacy else 0.0,
        statement=STATEMENT,
        assumptions=share_of_assumptions(world.parameters),
        not_modelled=NOT_MODELLED,
        allowed=tuple((p.value, told) for p, told in ALLOWED.items()),
        forbidden=FORBIDDEN,
    )
