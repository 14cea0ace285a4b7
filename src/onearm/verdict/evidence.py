"""What the rule table reads: results in plain numbers. None = not reported or not computed, never zero."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from onearm.results.study_result import ClaimState

#: Standardised difference up to which two groups count as alike.
LARGEST_DIFFERENCE = 0.25


@dataclass(frozen=True, slots=True)
class Evidence:
    """Inputs of every gate, flag, claim and sentence. Filled by `study.py`, read by nobody else."""

    patients: bool  # True: the study's own records; False: numbers from a publication
    virtual: bool
    cells: bool  # the treatment is a cell product ("the cells"), else "the treatment"
    n: int | None
    dead: int | None
    unresolved: int | None
    missing: tuple[str, ...] = ()  # what forbids any assessment
    # chance under no effect: (name, P(at most observed), P(at most worst case)), null_predictive first where computed
    null_p: tuple[float, float] | None = None
    chance: tuple[tuple[str, float, float], ...] = ()
    # time zero
    start_median: float | None = None
    start_width: float | None = None
    aligned: bool = False
    lag_logged: bool | None = None
    # comparators
    controls_with_days: bool = False  # similar cases are patients with a daily state
    claim_comparator: str = ""  # what the claim rests on, in words
    claim_admitted: bool | None = None  # named and passing K1-K4; None: cohorts not named
    same_setting: bool | None = None
    drift: Mapping[str, float] = field(default_factory=dict)  # comparator -> delta*
    # quality of a patient-level contrast
    confounders_complete: float | None = None
    unmatched: int | None = None
    imbalance: float | None = None  # largest standardised difference
    effective_n: float | None = None
    screened_share: float | None = None
    cotreatment_imbalance: float | None = None  # largest standardised difference in a drug after the index day
    design_size: float | None = None  # false-positive rate of pseudo-treated draws
    placebo_p: float | None = None  # were the treated on another course before treatment
    p_value: float | None = None
    gamma_star: float | None = None
    pr_benefit: float | None = None  # Pr(HR < 1) under the external-control bias prior
    locked_before: bool | None = None
    # safety
    infusions: int | None = None
    reactions: int | None = None
    assessed_patients: int | None = None
    reaction_upper: float | None = None  # one-sided 95 % upper bound per patient
    # description
    improved: int | None = None
    extubated: int | None = None
    changed: bool = False  # a course was described: extubated, improved or markers
    doses: Mapping[int, int] = field(default_factory=dict)  # number of doses -> patients
    markers_reported: bool = False
    cotreatment: str | None = None
    centres: int | None = None
    foreign_comparator: bool = False
    resolved_only_comparator: bool = False
    exclusions: tuple[str, ...] = ()  # registered prognostic exclusions
    chain: str = ""  # lot-to-patient chain in words, "" = cannot be assessed

    @property
    def cotreatment_balanced(self) -> bool | None:
        """Whether no other drug differs more than the rule allows; None without a record of any."""
        return None if self.cotreatment_imbalance is None else self.cotreatment_imbalance <= LARGEST_DIFFERENCE

    @property
    def unresolved_share(self) -> float | None:
        """Unresolved / n."""
        return None if not self.n or self.unresolved is None else self.unresolved / self.n

    @property
    def holds_if_all_die(self) -> bool | None:
        """Whether every chance comparison stays at or below .05 with all unresolved counted dead."""
        return all(worst <= 0.05 for _, _, worst in self.chance) if self.chance else None


__all__ = ["ClaimState", "Evidence"]
