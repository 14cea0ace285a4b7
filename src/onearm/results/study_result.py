"""The whole answer of one run: what results.json holds and every report is drawn from."""

from dataclasses import dataclass, field
from enum import StrEnum

from onearm.results.attrition import AttritionRow
from onearm.results.charts import Charts
from onearm.results.estimate import Estimate
from onearm.results.reporting import ReportingRow, StudyDesign
from onearm.results.status import Role

SCHEMA = "onearm.results/1"


class Answer(StrEnum):
    """What the record says of a public sentence."""

    SUPPORTED = "supported"
    WRONG = "wrong"
    CANNOT = "cannot be assessed"


class ClaimState(StrEnum):
    """How far a claim of the ladder C1-C5 is carried."""

    SHOWN = "shown"
    COMPATIBLE = "compatible"
    NOT_SHOWN = "not shown"
    CANNOT = "cannot be assessed"


@dataclass(frozen=True, slots=True)
class About:
    """What was studied, in the words of its protocol."""

    title: str
    product: str
    citation: str
    doi: str
    condition: str  # population in one phrase
    place: str
    treated_from: str
    treated_to: str
    n: int
    provenance: str  # reported, bedside, file or virtual
    clock: str  # event that starts the clock: ventilation, severe_state, listing, ...
    index: str  # what happens on the index day: "first infusion", "heart transplant"
    data_lock: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition of the rule table. A gate whose input is not reported fails."""

    id: str  # G1..G12
    passed: bool
    value: str
    threshold: str
    reason: str
    reason_es: str
    title: str
    title_es: str
    cap: str  # level that cannot be exceeded when it fails


@dataclass(frozen=True, slots=True)
class Flag:
    """A weakness the reader must know, raised by the rule table."""

    id: str  # F1..F14
    raised: bool
    text: str
    text_es: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One step of the claim ladder C1-C5."""

    id: str
    title: str
    title_es: str
    state: ClaimState
    reason: str
    reason_es: str


@dataclass(frozen=True, slots=True)
class PublicClaim:
    """A public sentence beside what the record supports. The last three are a reader's notes, never a figure."""

    claim_id: str
    outlet: str
    published: str
    claim: str
    quantity: str
    claimed_value: str
    answer: Answer
    figures: tuple[str, ...]  # ids of estimates
    reason: str
    reason_es: str
    record_value: str
    what_the_record_says: str
    flaw: str


@dataclass(frozen=True, slots=True)
class TrialReport:
    """A two-arm publication set beside the series. It never changes the level of the series."""

    report: str
    product: str
    design: str
    level: str  # "randomised" or "not randomised"
    sentence: str
    sentence_es: str
    treated_n: int
    treated_dead: int
    control_n: int
    control_dead: int
    horizon: str
    source: str
    note: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparatorRow:
    """A published cohort or a folder of similar cases, with the role the admission rules gave it."""

    name: str
    kind: str  # patients, cohort, trial_arm, meta_analysis, claim
    role: Role
    reasons: tuple[str, ...]
    reasons_es: tuple[str, ...]
    favours_treatment: bool
    citation: str
    place: str
    country: str
    dates: str
    population: str
    clock: str
    n: int | None
    dead: int | None
    out: int | None
    open: int | None
    horizon: str
    status: str
    note: str
    figures: tuple[str, ...]  # ids of its estimates


@dataclass(frozen=True, slots=True)
class VerdictText:
    """Level, variant and the sentences a reader takes away."""

    level: str  # L0..L4; "" for a virtual study
    variant: str  # a, b, c or ""
    sentence: str  # lead and variant together
    sentence_es: str
    lead: str
    lead_es: str
    variant_sentence: str
    variant_sentence_es: str
    lay: str  # two plain sentences
    lay_es: str
    settle: str  # what would settle it, and its cost in patients
    settle_es: str
    caps: tuple[str, ...]  # ids of the gates that hold the level down
    claims: dict[str, Claim] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StudyResult:
    """results.json. Every number on a page is here under a stable id."""

    schema: str
    study: str
    onearm: str  # version
    command: str  # appraise or analyse
    virtual: bool
    seed: int
    inputs: dict[str, str]  # file name -> sha256
    about: About
    estimates: tuple[Estimate, ...]
    attrition: tuple[AttritionRow, ...]
    comparators: tuple[ComparatorRow, ...]
    gates: tuple[Gate, ...]
    flags: tuple[Flag, ...]
    public_claims: tuple[PublicClaim, ...]
    trials: tuple[TrialReport, ...]
    charts: Charts
    break_points: tuple[tuple[str, str], ...]  # sentences (en, es) built from estimates
    verdict: VerdictText
    reporting: tuple[ReportingRow, ...] = ()
    design: StudyDesign | None = None  # of a study with records of its own

    def estimate(self, id: str) -> Estimate:
        """The estimate of that id. Raises KeyError when there is none."""
        for e in self.estimates:
            if e.id == id:
                return e
        raise KeyError(id)
