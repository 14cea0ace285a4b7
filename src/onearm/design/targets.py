"""What the calibration must show (design, evidence 6.3), as data: a figure, the cells it is of, and its bound."""

from dataclasses import dataclass

from onearm.design.cells import Cell
from onearm.design.metrics import Kind

SIZE = 0.0544  # 5 % and two Monte Carlo errors of 10,000 trials
UNCONFOUNDED = ("S0", "S0.followed", "S1", "S12.harm", "E.hr65", "E.hr50", "E.hr35", "E.hr20")
IN_CALIPER = ("S0", "S0.followed", "S1", "S2.rho100", "S6.lag0", "S6.lag1", "S6.lag3", "S9")


FOR_SIZE, FOR_POWER = 10_000, 2_000


def full_replicates(cell: Cell) -> int:
    """Trials the targets ask for: 10,000 where nothing works (size, coverage), 2,000 elsewhere (power)."""
    return FOR_SIZE if cell.scenario.is_null else FOR_POWER


@dataclass(frozen=True, slots=True)
class Target:
    """`bound` None: printed only. `least`: the figure must be at least the bound, else at most, whatever its sign."""

    tally: str  # "in_caliper.reject"
    told: str
    scenarios: tuple[str, ...]
    bound: float | None = None
    least: bool = False
    n_treated: int | None = None  # None: any
    n_similar: int | None = None
    kind: Kind = "share"

    def concerns(self, cell: Cell) -> bool:
        """Whether the target is about a cell."""
        return (
            cell.scenario.id in self.scenarios
            and self.n_treated in (None, cell.n_treated)
            and self.n_similar in (None, cell.n_similar)
        )

    def missed_by(self, value: float) -> float:
        """How far the figure is beyond the bound; 0 when it keeps it or there is none."""
        if self.bound is None:
            return 0.0
        return max(0.0, self.bound - value if self.least else abs(value) - self.bound)


def _sizes(tally: str, which: str) -> tuple[Target, ...]:
    return (
        Target(tally, f"size of the exact test, {which}", IN_CALIPER, SIZE),
        Target(tally, f"size of the exact test, {which}", ("S2.rho80",), 0.055, n_treated=13),
        Target(tally, f"size of the exact test, {which}", ("S2.rho50",), 0.075, n_treated=13),
        Target(tally, f"size of the exact test, {which}", ("S2.rho80", "S2.rho50"), n_treated=40),
    )


def _powers(tally: str, which: str) -> tuple[Target, ...]:
    told = f"power of the exact test, {which}"
    return (
        Target(tally, told, ("E.hr50",), 0.14, least=True, n_treated=13),
        Target(tally, told, ("E.hr50",), 0.50, least=True, n_treated=40, n_similar=600),
        Target(tally, told, ("E.hr50",), n_treated=40, n_similar=150),
        Target(tally, told, ("E.hr35", "E.hr20")),
    )


TARGETS = (
    *_sizes("in_caliper.reject", "in the caliper on measured severity"),
    *_sizes("verdict.reject", "in the caliper on the prognostic score"),
    Target(
        "by_day.reject", "size of the exact test, by day alone", ("S0", "S0.followed", "S1", "S2.rho100", "S3", "S9")
    ),
    Target(
        "lone_source.reject", "size in the caliper, controls from records of the treated alone", ("S0", "S0.followed")
    ),
    Target("by_day.reject_harm", "the same test finds harm", ("S0", "S12.harm")),
    Target("verdict.level3", "level 3 or more without an effect", ("S3", "S4.x140"), 0.05),
    Target("verdict.level3", "level 3 or more without an effect: where the page fails", ("S3.strong",)),
    Target("verdict.level3", "level 3 or more, nobody chosen, nothing works, or harm", ("S0", "S12.harm")),
    Target("verdict.level3", "level 3 or more with an effect", ("E.hr20",), 0.70, True, 40, 600),
    Target("verdict.level3", "level 3 or more with an effect", ("E.hr35",), 0.30, True, 40, 600),
    Target("verdict.level3", "level 3 or more with an effect", ("E.hr20", "E.hr35"), n_treated=13),
    Target("in_caliper.claim_at_gamma", "p at hidden bias 1.5, nobody unmatched", ("S3", "S3.strong", "S4.x140")),
    Target("in_caliper.claim_at_gamma", "p at hidden bias 1.5, nobody unmatched", ("E.hr50", "E.hr35", "E.hr20")),
    Target("by_day.covered", "coverage of the interval of deaths averted", UNCONFOUNDED, 0.95, least=True),
    Target(
        "by_day.deaths",
        "coverage of the exact interval of the share dead",
        UNCONFOUNDED,
        0.95,
        True,
        kind="clopper_pearson",
    ),
    Target(
        "in_caliper.risk_difference_error",
        "bias of the risk difference",
        ("S0", "S0.followed", "S1", "S2.rho100", "S2.rho80"),
        0.02,
        kind="mean",
    ),
    Target("by_day.p_bin", "randomised p uniform, Kolmogorov-Smirnov p", ("S0",), 0.01, least=True, kind="uniform"),
    *_powers("in_caliper.reject", "in the caliper on measured severity"),
    Target("by_day.reject", "power of the exact test, by day alone", ("E.hr50", "E.hr35", "E.hr20")),
    Target("lone_source.reject", "power, controls from records of the treated alone", ("E.hr50", "E.hr20")),
)

#: shares of true worlds behind the words of level 3, and the least share of level-3 answers that are right
PRIOR_WORLDS = (("S3", 0.5), ("S3.hr65", 0.3), ("S3.hr40", 0.2))
WORDS_RIGHT = 0.75
WORDS_TREATED = 13
