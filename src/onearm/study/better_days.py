"""Beyond death: days alive and off the ventilator, and who did better pair by pair, within the same risk sets."""

from collections.abc import Iterator

from onearm.cohort.analysis_set import AnalysisSet
from onearm.estimators.days_free import DaysFree, days_free
from onearm.estimators.state_occupancy import STATES, StateOccupancy, state_occupancy
from onearm.estimators.win_odds import WinOdds, win_odds
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.study.figures import Named, number


def better_days(data: AnalysisSet, *, seed: int) -> Iterator[Estimate]:
    """`days_free.*` and `win_odds*` of a clock with a state that can be left alive."""
    yield from _states(state_occupancy(data))
    yield from _days(days_free(data, seed=seed))
    yield from _wins(win_odds(data))


_WORDS = {
    "ventilated": "aún ventilados",
    "off": "sin ventilador, en el hospital",
    "ventilated_again": "ventilados de nuevo",
    "left_alive": "de alta con vida",
    "dead": "fallecidos",
}


def _states(found: StateOccupancy) -> Iterator[Estimate]:
    """`occupancy.<side>.<state>` at the end of the horizon; nothing where the states are not known."""
    for side, of, of_es, shares in (
        ("treated", "treated", "tratados", found.treated),
        ("similar", "similar", "similares", found.controls),
    ):
        for state, share in zip(STATES, shares, strict=False):
            told, told_es = f"{of} {state.replace('_', ' ')}", f"{of_es} {_WORDS[state]}"
            named = Named(f"occupancy.{side}.{state}", told, told_es)
            yield number(named, share, n=found.n_matched, method=found.method, assumptions=found.assumptions)


def _days(found: DaysFree) -> Iterator[Estimate]:
    difference = Named(
        "days_free.difference",
        "days alive and off the ventilator, treated minus similar",
        "días con vida y sin ventilador, tratados menos similares",
    )
    if found.against is None or found.in_favour is None:
        yield number(difference, None, role=Role.SECOND, status=found.status, remedy=found.remedy)
        return
    days, best = found.against.days_off, found.in_favour.days_off
    method = f"{found.method}; unknown days against the treatment, upper limit with them in its favour"
    yield number(
        difference,
        days.difference,
        limits=(days.lower, best.upper),
        level=found.level,
        method=method,
        n=found.n_matched,
        unit="days",
        role=Role.SECOND,
        assumptions=found.assumptions,
    )
    for side, en, es, value in (
        ("treated", "the treated", "los tratados", days.treated),
        ("similar", "their similar patients", "sus similares", days.controls),
    ):
        named = Named(f"days_free.{side}", f"days alive and off the ventilator of {en}", f"días sin ventilador: {es}")
        yield number(named, value, unit="days", method=found.method)
    p = Named("days_free.p", "p, one-sided, more days off the ventilator", "p, unilateral, más días sin ventilador")
    yield number(p, days.p, n=found.n_matched, sides=1, method=found.method)


def _wins(found: WinOdds) -> Iterator[Estimate]:
    c = found.counts
    told = f"{c.wins} won, {c.losses} lost, {c.ties} tied"
    told_es = f"{c.wins} ganados, {c.losses} perdidos, {c.ties} empatados"
    odds = Named("win_odds", f"win odds, death then extubation ({told})", f"win odds, muerte y extubación ({told_es})")
    yield number(
        odds, found.odds, n=found.n_matched, method=found.method, remedy=found.remedy, assumptions=found.assumptions
    )
    p = Named("win_odds.p", "p of the win odds, one-sided, treated better", "p de win odds, unilateral, mejor tratados")
    yield number(p, found.p, n=found.n_matched, sides=1, method=found.method, remedy=found.remedy)
