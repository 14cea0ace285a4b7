"""What 13 treated patients without controls tell of the effect: next to nothing, drawn as a ridge.

The greatest effect, its half-point, the pace of the signal and natural recovery are drawn from their priors with a
disease from the calibration; groups of 13 that end as the observed ones are kept. There is no estimate of the effect:
`status` says so, and no field holds one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.physiology.calibration.calibrate import parameters_at
from onearm.physiology.calibration.uncontrolled import End, Entry, ends
from onearm.physiology.host.parameters import ParameterSet
from onearm.physiology.purpose import GREATEST_EMAX, Efficacy, Purpose, require_purpose
from onearm.physiology.randomness import Floats, Key, Process, normal, uniform
from onearm.results.virtual_figures import Density, Ridge

PATIENTS = 13
NOT_IDENTIFIED = "not_identified"
AXES = ("EC50", "mu_d", "k_E")
_PERSONS = 260
_CELLS = 12
_SMOOTH = 1.0  # cells
_SPREADS = {"EC50": 0.6, "mu_d": 0.3, "k_E": 0.6}  # SD of the log of the prior medians; assumed
_NAMES = {
    "EC50": "signal at half the effect, 10^6/kg",
    "mu_d": "natural recovery of damage, per h",
    "k_E": "pace of the signal, per d",
}


@dataclass(frozen=True, slots=True, eq=False)
class RidgeDraws:
    """Draws of the prior and how a group of 13 with them ended; nan where fewer than 13 were treated."""

    emax: Floats  # shape (draws,), as all
    others: Floats  # EC50, mu_d, k_E; shape (draws, 3)
    dead: Floats
    extubated: Floats


@dataclass(frozen=True, slots=True)
class SingleArm:
    """What a group of 13 without controls can say of the effect."""

    status: str  # NOT_IDENTIFIED
    dead: int
    extubated: int
    draws: int
    kept: int
    narrowing: tuple[tuple[str, float], ...]  # SD of the posterior over that of the prior, by parameter
    prior_above: float  # share of the prior with emax above half its range
    kept_above: float  # the same of what was kept
    ridges: tuple[Ridge, ...]


def ridge_draws(shares: Floats, entry: Entry, *, seed: int, first: int, purpose: Purpose) -> RidgeDraws:
    """A group of 13 for each disease at `shares` of the prior of the calibration, shape (draws, parameters)."""
    require_purpose(purpose)
    rows = np.arange(first, first + len(shares))
    emax = GREATEST_EMAX * uniform(Key(seed, 0), Process.SINGLE_ARM, rows, draw=10)
    z = normal(Key(seed, 0), Process.SINGLE_ARM, rows[:, None], draw=11 + np.arange(len(AXES)))
    dead, extubated = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    others = np.empty((len(rows), len(AXES)))
    for place, (row, share) in enumerate(zip(rows.tolist(), shares, strict=True)):
        parameters = parameters_at(share)
        others[place] = _others(parameters, z[place])
        told = parameters.with_values(**dict(zip(AXES, others[place].tolist(), strict=True)))
        effect = Efficacy(float(emax[place]), "prior of the ridge", "uniform over the range of the context of use")
        found = ends(told, Key(seed, row + 1), _PERSONS, entry, purpose=purpose, efficacy=effect)[:PATIENTS]
        if found.size == PATIENTS:
            dead[place], extubated[place] = (found == End.DEAD).sum(), (found == End.EXTUBATED).sum()
    return RidgeDraws(emax, others, dead, extubated)


def single_arm(draws: RidgeDraws, dead: int, extubated: int) -> SingleArm:
    """What groups that end with these counts leave of the prior. Raises ValueError when none does."""
    there = np.isfinite(draws.dead)
    kept = there & (draws.dead == dead) & (draws.extubated == extubated)
    if not kept.any():
        raise ValueError(f"no group of {PATIENTS} ended with {dead} dead and {extubated} extubated; draw more")
    columns = {"emax": draws.emax, **{name: np.log(draws.others[:, i]) for i, name in enumerate(AXES)}}
    half = GREATEST_EMAX / 2
    return SingleArm(
        NOT_IDENTIFIED,
        dead,
        extubated,
        int(there.sum()),
        int(kept.sum()),
        tuple((name, float(x[kept].std() / x[there].std())) for name, x in columns.items()),
        float((draws.emax[there] > half).mean()),
        float((draws.emax[kept] > half).mean()),
        tuple(_ridge(draws, i, there, kept) for i in range(len(AXES))),
    )


def joined(parts: Sequence[RidgeDraws]) -> RidgeDraws:
    """Parts as one."""
    return RidgeDraws(
        np.concatenate([p.emax for p in parts]),
        np.concatenate([p.others for p in parts]),
        np.concatenate([p.dead for p in parts]),
        np.concatenate([p.extubated for p in parts]),
    )


def _others(parameters: ParameterSet, z: Floats) -> Floats:
    """EC50, mu_d and k_E of a draw, within the limits of the registry."""
    told = []
    for name, one in zip(AXES, z, strict=True):
        record = parameters.records[parameters.column(name)]
        low, high = record.low or 0.0, record.high or np.inf
        told.append(float(np.clip(record.value * np.exp(_SPREADS[name] * one), low, high)))
    return np.array(told)


def _ridge(draws: RidgeDraws, place: int, there: NDArray[np.bool_], kept: NDArray[np.bool_]) -> Ridge:
    values = draws.others[:, place]
    x = np.linspace(0, GREATEST_EMAX, _CELLS + 1)
    low, high = (float(np.log(np.quantile(values[there], share))) for share in (0.01, 0.99))
    y = np.exp(np.linspace(low, high, _CELLS + 1))
    prior, posterior = (
        _density(draws.emax[rows], values[rows], x, y, name)
        for rows, name in ((there, "prior"), (kept, "after 13 patients"))
    )
    name = AXES[place]
    return Ridge(
        "greatest effect, emax", f"{_NAMES[name]} ({name})", tuple(x), tuple(y), False, True, prior, posterior, None
    )


def _density(x: Floats, y: Floats, x_edges: Floats, y_edges: Floats, name: str) -> Density:
    from scipy.ndimage import gaussian_filter

    within = np.clip(y, y_edges[0], y_edges[-1])  # the outermost draws belong to the last cells
    counted = np.histogram2d(x, within, bins=(x_edges, y_edges))[0]
    smooth = gaussian_filter(counted, _SMOOTH, mode="nearest")
    return Density(name, tuple(tuple(row) for row in (smooth / smooth.sum()).tolist()))
