"""Publications set beside a study: aggregate cohorts, two-arm trial reports and public sentences."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedCohort:
    """An aggregate comparator: a row of `comparators/published.csv`. None = not reported, never zero."""

    cohort: str  # unique name, used in estimate ids
    kind: str  # cohort, trial_arm, meta_analysis
    citation: str
    place: str
    country: str  # ISO 3166 alpha-2, INT for many
    start: str  # ISO 8601 to the precision known, "" when not reported
    end: str
    population: str
    n: int | None
    dead: int | None
    out: int | None
    open: int | None
    resolved_only: bool
    horizon: str
    horizon_days: int | None
    reported_pct: str
    status: str
    note: str
    clock_day: int | None = None  # ventilation day the risk is counted from, where the source gives it


@dataclass(frozen=True, slots=True)
class ReportedTrial:
    """Two arms of a publication: a row of `comparators/trials.csv`. Shown beside a series, never a comparator."""

    report: str  # unique name, used in estimate ids
    product: str
    design: str
    treated_n: int
    treated_dead: int
    control_n: int
    control_dead: int
    horizon: str
    status: str
    source: str
    note: str
    treated_open: int | None = None
    control_open: int | None = None


@dataclass(frozen=True, slots=True)
class PublicSentence:
    """A sentence said in public about the study: a row of `claims.csv`. The last four are a reader's notes."""

    claim_id: str
    outlet: str
    published: str
    claim: str
    quantity: str
    claimed_value: str
    status: str
    source: str
    record_value: str
    what_the_record_says: str
    flaw: str


#: `quantity` of a public sentence; the answer rules are in `verdict/public_claims.py`.
QUANTITIES = (
    "mortality",
    "survival",
    "extubation",
    "improvement",
    "number_treated",
    "arithmetic",
    "comparator",
    "safety",
    "start_day",
    "dose",
    "markers",
    "effect",
    "interpretation",
    "population",
    "design",
    "product",
    "priority",
    "context",
)
