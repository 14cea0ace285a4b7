"""If the drug did nothing, how often would n such patients show this few deaths by then?

Similar cases are sampled at the reported distribution of treatment days (still in the state then) and followed
for the reported distribution of follow-up. Persons are redrawn, so the size of the similar group counts too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.sensitivity.reported_days import LAST_DAY, DayDistribution, Family, fit_days
from onearm.sensitivity.unresolved import p_at_most

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MIN_AT_RISK = 10  # days with fewer similar patients still in the state are cut


@dataclass(frozen=True, slots=True)
class NullPredictive:
    """P(at most k deaths of n) under no effect, in several ways of reading the same report."""

    n: int
    observed: int
    worst_case: int  # observed + unresolved
    mass: tuple[float, ...]  # P(k deaths), k = 0..n, averaged over bootstraps
    p: float  # P(at most observed)
    p_worst_case: float
    risk: float  # plug-in probability of death by the end of follow-up
    mass_cut: float  # share of start days with fewer than 10 similar patients still in the state
    last_day_used: int
    bootstraps: int
    variants: tuple[tuple[str, float | None], ...]  # plug_in, weibull, ... -> P(at most observed), None = no fit


class SimilarSpells:
    """Similar patients as counts over distinct (spell, T, e), so that cost does not grow with their number.

    spell_days, end_day, event: shape (persons,); a person is in a spell longer than z when both are > z.
    """

    def __init__(self, spell_days: Ints, end_day: Ints, event: Ints) -> None:
        spell = np.minimum(np.minimum(spell_days, end_day), LAST_DAY + 1)
        end = np.minimum(end_day, 2 * LAST_DAY + 1)
        shape = (LAST_DAY + 2, 2 * LAST_DAY + 2, 3)
        cell, count = np.unique(np.ravel_multi_index((spell, end, event), shape), return_counts=True)
        self.spell, self.end, self.event = np.unravel_index(cell, shape)
        self.count = count
        self.persons = int(count.sum())

    def in_state_after(self, day: int) -> int:
        """Persons in a spell longer than `day`."""
        return int(self.count[self.spell > day].sum())

    def draws(self, bootstraps: int, rng: np.random.Generator) -> Ints:
        """Redrawn counts, shape (bootstraps, cells): persons with replacement is a multinomial over the cells."""
        return rng.multinomial(self.persons, self.count / self.persons, size=bootstraps).astype(np.int64)

    def deaths_by(self, counts: Ints, days: Ints) -> Floats:
        """F(c | z) for c = 0..60 and each landmark z in ascending `days`: shape (len(days), draws, 61).

        Landmark convention: spell longer than z, Aalen-Johansen on z+1..z+c, leaving alive competes, flat when
        nobody is at risk.
        """
        width = 2 * LAST_DAY + 2
        died, ended, total = (np.zeros((len(counts), width)) for _ in range(3))
        for cell in range(len(self.spell)):
            _add(died, ended, total, self, cell, counts[:, cell])
        order = np.argsort(self.spell, kind="stable")
        taken, result = 0, np.empty((len(days), len(counts), LAST_DAY + 1))
        for i, z in enumerate(days):
            while taken < len(order) and self.spell[order[taken]] <= z:
                _add(died, ended, total, self, order[taken], -counts[:, order[taken]])
                taken += 1
            window = slice(z + 1, z + 1 + LAST_DAY)
            at_risk = np.cumsum(total[:, ::-1], axis=1)[:, ::-1][:, window]
            result[i] = _incidence(died[:, window], ended[:, window], at_risk)
        return result


def _add(died: Floats, ended: Floats, total: Floats, s: SimilarSpells, cell: int, weight: Ints) -> None:
    t = s.end[cell]
    total[:, t] += weight
    if s.event[cell]:
        ended[:, t] += weight
    if s.event[cell] == 1:
        died[:, t] += weight


def _incidence(died: Floats, ended: Floats, at_risk: Floats) -> Floats:
    safe = np.maximum(at_risk, 1.0)
    left = np.cumprod(1 - ended / safe, axis=1)
    before = np.concatenate([np.ones((len(left), 1)), left[:, :-1]], axis=1)
    return np.concatenate([np.zeros((len(left), 1)), np.cumsum(before * died / safe, axis=1)], axis=1)


def null_predictive(
    similar: SimilarSpells,
    *,
    n: int,
    dead: int,
    unresolved: int,
    start: tuple[float, float | None],
    follow_up: tuple[float, float | None],
    bootstraps: int,
    seed: int,
) -> NullPredictive | None:
    """The probability and its variants; `start` and `follow_up` are (median, IQR width) in days.

    None when fewer than 10 similar patients are still in the state on every day that could have been a start.
    Raises ValueError, as `fit_days` and `day_mass`, when no gamma has the reported median and width.
    """
    days = np.array([z for z in range(LAST_DAY + 1) if similar.in_state_after(z) >= MIN_AT_RISK], dtype=np.int64)
    if not len(days):
        return None
    starts, follows = fit_days(*start), fit_days(*follow_up)
    start_mass, cut = _kept(starts.day_mass(), days)
    if start_mass is None:
        return None
    original = similar.deaths_by(similar.count[None, :], days)[:, 0]
    weight = follows.day_mass()
    rng = np.random.Generator(np.random.Philox(key=seed))
    drawn = similar.deaths_by(similar.draws(bootstraps, rng), days)
    risks = np.einsum("z,zbc,c->b", start_mass, drawn, weight)
    mass = _binomial_masses(n, risks).mean(axis=0)
    plug_in = min(1.0, float(start_mass @ original @ weight))
    at_most = np.minimum(mass.cumsum(), 1.0)  # term by term: never falls, as a sum in pairs may in the last digit
    worst = dead + unresolved
    return NullPredictive(
        n=n,
        observed=dead,
        worst_case=worst,
        mass=tuple(float(m) for m in mass),
        p=float(at_most[dead]),
        p_worst_case=float(at_most[worst]),
        risk=plug_in,
        mass_cut=cut,
        last_day_used=int(days[-1]),
        bootstraps=bootstraps,
        variants=_variants(original, days, n, dead, start, follow_up, plug_in),
    )


def _kept(mass: Floats, days: Ints) -> tuple[Floats | None, float]:
    """Start-day mass on the kept days, renormalised, and the share that was cut."""
    kept = mass[days]
    total = float(kept.sum())
    return (None, 1.0) if total <= 0 else (kept / total, max(0.0, 1 - total))


def _binomial_masses(n: int, risks: Floats) -> Floats:
    from scipy.special import betaln, xlog1py, xlogy

    k = np.arange(n + 1)
    p = np.clip(risks, 0, 1)[:, None]
    log_choose = -np.log(n + 1) - betaln(n - k + 1, k + 1)  # binomial coefficients overflow from n = 1030 on
    return np.asarray(np.exp(log_choose + xlogy(k, p) + xlog1py(n - k, -p)))


def _variants(
    original: Floats,
    days: Ints,
    n: int,
    dead: int,
    start: tuple[float, float | None],
    follow_up: tuple[float, float | None],
    plug_in: float,
) -> tuple[tuple[str, float | None], ...]:
    """Other readings of the same report, on the original data without bootstrap."""

    def p(
        family: Family = "gamma", *, rounded: bool = False, follow: tuple[float, float | None] = follow_up
    ) -> float | None:
        try:
            starts, weight = fit_days(*start, family), fit_days(*follow, family).day_mass(rounded=rounded)
            mass, _ = _kept(starts.day_mass(rounded=rounded), days)
        except ValueError:  # no distribution of this family has that median and width
            return None
        return None if mass is None else p_at_most(dead, n, min(1.0, float(mass @ original @ weight)))

    return (
        ("plug_in", p_at_most(dead, n, plug_in)),
        ("weibull", p("weibull")),
        ("lognormal", p("lognormal")),
        ("rounded", p(rounded=True)),
        ("opposed", _opposed(original, days, n, dead, fit_days(*start), fit_days(*follow_up))),
        ("horizon28", p(follow=(28, None))),
        ("fixed_landmark", _fixed(original, days, n, dead, start[0], follow_up[0])),
    )


def _opposed(
    original: Floats, days: Ints, n: int, dead: int, starts: DayDistribution, follows: DayDistribution
) -> float | None:
    """Late starters followed least: quantiles u and 1 - u paired."""
    u = (np.arange(1, 20_001) - 0.5) / 20_000
    z, c = np.floor(starts.quantile(u)).astype(int), np.floor(follows.quantile(1 - u)).astype(int)
    row = {int(day): i for i, day in enumerate(days)}
    pairs = [(row[a], b) for a, b in zip(z.tolist(), c.tolist(), strict=True) if a in row and b <= LAST_DAY]
    if not pairs:
        return None
    at, by = np.array(pairs).T
    return p_at_most(dead, n, min(1.0, float(original[at, by].mean())))


def _fixed(original: Floats, days: Ints, n: int, dead: int, start: float, follow_up: float) -> float | None:
    """Everyone at the median start day, followed for the median follow-up."""
    z, c = int(start), int(follow_up)
    found = np.flatnonzero(days == z)
    return p_at_most(dead, n, min(1.0, float(original[found[0], c]))) if len(found) and c <= LAST_DAY else None
