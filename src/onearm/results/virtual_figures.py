"""Frozen values of the figures of a virtual trial. A report draws them and computes nothing; nobody in them exists."""

from dataclasses import dataclass

from onearm.results.ward_chart import WardChart


@dataclass(frozen=True, slots=True)
class BandPanel:
    """Who is counted, and how their values spread by day; every tuple has one place per day."""

    title: str
    clock: str  # what day 0 is
    day: tuple[int, ...]
    n: tuple[int, ...]  # counted that day
    dead: tuple[float, ...]  # share dead among all who are counted, 0 throughout where the dead are not counted
    quantiles: tuple[tuple[float | None, ...], ...]  # at 5, 25, 50, 75 and 95 %; None: nobody, or among the dead


@dataclass(frozen=True, slots=True)
class PopulationBands:
    """True values of one marker in three selections of the same people."""

    marker: str
    unit: str
    logarithmic: bool
    worse: str  # "low" or "high": where the dead are placed
    panels: tuple[BandPanel, ...]


@dataclass(frozen=True, slots=True)
class PublishedRange:
    """A range read in people, beside which the model is drawn."""

    place: str  # "lung", "liver and spleen"
    minute: float  # after the infusion; where it is drawn
    low: float  # share of the label
    high: float
    when: str


@dataclass(frozen=True, slots=True)
class CellPlaces:
    """Where the cells of one dose are; shares of the dose (0 to 1), one per minute of `minute`."""

    minute: tuple[float, ...]  # after the infusion, rising
    lung: tuple[float, ...]
    organs: tuple[float, ...]
    blood: tuple[float, ...]
    dead: tuple[float, ...]
    label_lung: tuple[float, ...]  # what a camera sees: label of living and dead cells
    label_organs: tuple[float, ...]
    published: tuple[PublishedRange, ...]
    source: str


@dataclass(frozen=True, slots=True)
class PhasePath:
    """Phagocytes N and damage D of one patient by day, from ventilation on."""

    n: tuple[float, ...]
    d: tuple[float, ...]
    outcome: str  # at day 28: "dead", "ventilated", "off"


@dataclass(frozen=True, slots=True)
class Attractor:
    """A state in which the model stays."""

    name: str
    n: float
    d: float


@dataclass(frozen=True, slots=True)
class PhasePicture:
    """N against D, amounts of Reynolds 2006."""

    paths: tuple[PhasePath, ...]
    attractors: tuple[Attractor, ...]
    boundary_n: tuple[float, ...]  # with median parameters and no pathogen: below it heals, above it does not
    boundary_d: tuple[float, ...]
    horizon: int  # days


@dataclass(frozen=True, slots=True)
class OutcomeStack:
    """Shares by day since ventilation, one per day from day 0; the three add to 1."""

    title: str
    n: int
    ventilated: tuple[float, ...]
    off: tuple[float, ...]  # alive without the ventilator, in hospital or not
    dead: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Density:
    """A two-dimensional density on a grid: `mass[i][k]` in cell i of x and k of y; the sum is 1."""

    name: str
    mass: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Ridge:
    """What was believed before and after the data of a study, over two parameters that it cannot tell apart."""

    x_name: str
    y_name: str
    x_edges: tuple[float, ...]  # one more than cells, rising
    y_edges: tuple[float, ...]
    x_logarithmic: bool
    y_logarithmic: bool
    prior: Density
    posterior: Density
    truth: tuple[float, float] | None  # x, y put in, where it is known


@dataclass(frozen=True, slots=True)
class AssumptionBar:
    """How many parameters are how well known."""

    published: int
    derived: int
    assumed: int


@dataclass(frozen=True, slots=True)
class TornadoRow:
    """Risk of death by the horizon with one assumption at either end of its range."""

    symbol: str
    name: str
    low: float
    high: float
    unit: str
    risk_low: float | None  # None: nobody is ventilated there
    risk_high: float | None


@dataclass(frozen=True, slots=True)
class Tornado:
    """The rows that move the risk, the widest first; the same persons in every row."""

    rows: tuple[TornadoRow, ...]
    risk: float  # with every value as it is
    persons: int  # at onset, of whom those count who come to ventilation
    horizon: int  # days from ventilation
    without_effect: int  # assumptions that move it by nothing


@dataclass(frozen=True, slots=True)
class VirtualAbout:
    """What was drawn, for what, and what may be said of it."""

    purpose: str
    seed: int
    trial: int
    world_sha256: str
    patients: int
    treated: int
    emax: float  # 0: the cells do nothing
    statement: str
    assumptions: str  # their share, one sentence
    not_modelled: str
    allowed: tuple[tuple[str, str], ...]  # purpose, what for
    forbidden: tuple[str, ...]
    picked: str = ""  # which trial of how many this is, and for what it was picked; empty: it was not


@dataclass(frozen=True, slots=True)
class VirtualFigures:
    """All figures of one virtual trial."""

    about: VirtualAbout
    bar: AssumptionBar
    tornado: Tornado
    cells: CellPlaces
    bands: tuple[PopulationBands, ...]
    outcomes: tuple[OutcomeStack, ...]
    phase: PhasePicture
    wards: tuple[WardChart, ...]
    ridge: Ridge | None = None  # computed elsewhere
