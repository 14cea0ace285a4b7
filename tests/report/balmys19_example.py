"""A StudyResult of `appraise` with the published figures of BALMYS-19: what a page is drawn from in these tests."""

import csv
from dataclasses import replace
from math import comb, exp
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from onearm.results.charts import Charts, IconArray, IncidenceCurve, MarkerCourse, NullHistogram, StartDays
from onearm.results.estimate import Estimate
from onearm.results.study_result import SCHEMA, About, ComparatorRow, PublicClaim, StudyResult, TrialReport
from onearm.verdict.evidence import Evidence
from onearm.verdict.flags import raise_flags
from onearm.verdict.gates import judge
from onearm.verdict.level import Said, decide

T = TypeVar("T")
HERE = Path(__file__).parent
COUNTS = ("n", "dead", "out", "open")
P_SEEN, P_WORST = 0.2874, 0.8713
EVIDENCE = Evidence(
    patients=False,
    virtual=False,
    cells=True,
    n=13,
    dead=2,
    unresolved=4,
    null_p=(P_SEEN, P_WORST),
    chance=(("similar cases", P_SEEN, P_WORST), ("recovery2021_usual_care", 0.047, 0.737)),
    start_median=7,
    start_width=12,
    claim_comparator="cohorts of 70-85 %, unknown",
    drift={"similar": -0.78, "recovery2021_usual_care": 0.02},
    infusions=25,
    reactions=0,
    assessed_patients=13,
    reaction_upper=0.2058,
    improved=9,
    extubated=7,
    changed=True,
    doses={1: 2, 2: 10, 3: 1},
    markers_reported=True,
    cotreatment="steroids, tocilizumab, lopinavir/ritonavir in all, counts per drug not read",
    centres=4,
    foreign_comparator=True,
    resolved_only_comparator=True,
    exclusions=("ECMO", "more than three organs failing"),
)
SETTLE = Said(
    "A randomised trial: about 370 patients per arm to see deaths fall from 40 to 30 in 100, with everybody "
    "followed to day 28.",
    "Un ensayo aleatorizado: unos 370 pacientes por grupo para ver bajar las muertes de 40 a 30 de cada 100, con "
    "seguimiento de todos hasta el día 28.",
)


def rows(name: str, kind: type[T]) -> tuple[T, ...]:
    """A committed table as frozen results; an empty cell is a field left out, a bar separates the parts of a tuple."""
    lists = {"assumptions", "reasons", "reasons_es", "figures"}
    absent: dict[str, Any] = {"value": None} if kind is Estimate else {}
    if kind is ComparatorRow:
        absent = {f: () if f in lists else None if f in COUNTS else "" for f in ComparatorRow.__dataclass_fields__}
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        told = [
            absent | {k: v.split("|") if k in lists else v for k, v in row.items() if v} for row in csv.DictReader(file)
        ]
    return TypeAdapter(tuple[kind, ...]).validate_python(told)  # type: ignore[valid-type]


def share(
    id: str, label: str, label_es: str, events: int, n: int, lower: float, upper: float, **more: object
) -> Estimate:
    return (
        Estimate(
            id,
            label,
            label_es,
            events / n,
            lower,
            upper,
            0.95,
            2,
            "Clopper-Pearson, exact",
            events,
            n,
            "",
            "publication",
            assumptions=("independent patients",),
        )
        if not more
        else replace(share(id, label, label_es, events, n, lower, upper), **more)
    )  # type: ignore[arg-type]


def number(id: str, label: str, label_es: str, value: float, **more: object) -> Estimate:
    return Estimate(id, label, label_es, value, **more)  # type: ignore[arg-type]


MASS = tuple(
    sum(w * comb(13, k) * p**k * (1 - p) ** (13 - k) for p, w in ((0.22, 0.25), (0.25, 0.5), (0.31, 0.25)))
    for k in range(14)
)
TRIALS = (
    TrialReport(
        "brown2022_none",
        "remestemcel-L",
        "open, controlled",
        "not randomised",
        "no difference shown",
        "no se demuestra diferencia",
        11,
        2,
        12,
        4,
        "28 d",
        "Whittaker Brown et al. 2022",
        "controls invented for this test",
        (),
    ),
    TrialReport(
        "bowdish2023",
        "remestemcel-L (bone marrow MSC)",
        "RCT sham-controlled",
        "randomised",
        "no difference shown",
        "no se demuestra diferencia",
        112,
        42,
        110,
        47,
        "30 d",
        "Bowdish et al. AJRCCM 2023, abstract",
        "same product, ventilated; 2 x 2e6/kg; stopped for futility",
        (
            "trial.bowdish2023.treated.death",
            "trial.bowdish2023.control.death",
            "trial.bowdish2023.risk_ratio",
            "trial.bowdish2023.risk_difference",
            "trial.bowdish2023.fisher.p",
        ),
    ),
)
BREAK_POINTS = (
    (
        "Even with none of the 4 dead, the count would not be unusual beside the similar cases.",
        "Incluso sin ninguna muerte entre los 4, la cifra no sería rara junto a los casos similares.",
    ),
    (
        "Even with none of the 4 dead, the count would not be unusual beside libassi2021.",
        "Incluso sin ninguna muerte entre los 4, la cifra no sería rara junto a libassi2021.",
    ),
    (
        "If 1 of the 4 had died, the count would not be unusual beside recovery2021_usual_care.",
        "Con 1 muerte entre los 4, la cifra no sería rara junto a recovery2021_usual_care.",
    ),
    (
        "If 1 of the 4 had died, the count would not be unusual beside penuelas2021.",
        "Con 1 muerte entre los 4, la cifra no sería rara junto a penuelas2021.",
    ),
    (
        "If similar patients' risk were below 41.0 %, two deaths of 13 would not be unusual; "
        "counting the open as dead, below 71.3 %.",
        "Si el riesgo de pacientes similares fuera menor de 41,0 %, dos muertes de 13 no serían raras; "
        "contando los abiertos como muertos, menor de 71,3 %.",
    ),
)


def rising(plateau: float, rate: float, days: range) -> tuple[float, ...]:
    return tuple(plateau * (1 - exp(-rate * d)) for d in days)


INCIDENCE = (
    IncidenceCurve(
        "from_entry",
        "similar cases, from first severe state",
        "casos similares, desde el primer estado grave",
        tuple(range(41)),
        rising(0.40, 0.105, range(41)),
        rising(0.36, 0.08, range(41)),
        tuple(round(437 * exp(-0.075 * d)) for d in range(41)),
        156,
    ),
    IncidenceCurve(
        "landmark7",
        "similar cases still severe after day 7",
        "casos similares aún graves tras el día 7",
        tuple(range(29)),
        rising(0.30, 0.095, range(29)),
        rising(0.42, 0.06, range(29)),
        tuple(round(211 * exp(-0.07 * d)) for d in range(29)),
        98,
    ),
)
MARKERS = tuple(
    MarkerCourse(marker, "", direction, None, None, None, None, reason, reason_es)
    for marker, direction, reason, reason_es in (
        (
            "crp",
            "fell",
            "survivors only; tocilizumab and steroids lower it",
            "solo supervivientes; tocilizumab y corticoides lo bajan",
        ),
        ("ferritin", "fell", "survivors only", "solo supervivientes"),
        ("d_dimer", "fell", "survivors only", "solo supervivientes"),
        ("ldh", "fell", "survivors only", "solo supervivientes"),
        (
            "lymphocytes",
            "rose",
            "survivors only; steroids change it",
            "solo supervivientes; los corticoides lo alteran",
        ),
        ("il6", "not_reported", "not reported", "no consta"),
    )
)


def public_claims() -> tuple[PublicClaim, ...]:
    text = (HERE / "public_claims.json").read_bytes()
    return TypeAdapter(tuple[PublicClaim, ...]).validate_json(text)


def balmys19() -> StudyResult:
    """Level L1, variant a; every slot of `appraise` filled."""
    gates = judge(EVIDENCE)
    return StudyResult(
        schema=SCHEMA,
        study="balmys19",
        onearm="0.1.0",
        command="appraise",
        virtual=False,
        seed=20200710,
        inputs={
            "study.toml": "3f" * 32,
            "reported.toml": "a1" * 32,
            "claims.csv": "07" * 32,
            "comparators/published.csv": "c4" * 32,
            "comparators/israel/records/state_days.csv": "9b" * 32,
        },
        about=About(
            "BALMYS-19, proof of concept",
            "allogeneic adipose mesenchymal stromal cells, about 1 million per kg, 1 to 3 doses",
            "Sánchez-Guijo et al. EClinicalMedicine 2020;25:100454",
            "10.1016/j.eclinm.2020.100454",
            "COVID-19 pneumonia, invasively ventilated",
            "4 hospitals, Spain",
            "2020-03",
            "2020-06",
            13,
            "reported",
            "ventilation",
            "first infusion",
            "",
        ),
        estimates=rows("balmys19_estimates.csv", Estimate),
        attrition=(),
        comparators=rows("balmys19_comparators.csv", ComparatorRow),
        gates=gates,
        flags=raise_flags(EVIDENCE),
        public_claims=public_claims(),
        trials=TRIALS,
        charts=Charts(
            icons=IconArray(2, 7, 4, 0),
            null_histogram=NullHistogram(MASS, 2, 6),
            incidence=INCIDENCE,
            start_days=StartDays(7, 12, None, None),
            markers=MARKERS,
        ),
        break_points=BREAK_POINTS,
        verdict=decide(EVIDENCE, gates, SETTLE),
    )
