"""More StudyResults for the page: own records, a claim of variant c, too little reported, virtual."""

from dataclasses import replace

from balmys19_example import EVIDENCE, SETTLE, balmys19, number, rising, share

from onearm.results.attrition import AttritionRow
from onearm.results.charts import Charts, DayStrip, IconArray, IncidenceCurve, MarkerCourse
from onearm.results.estimate import Estimate
from onearm.results.status import Role, Status
from onearm.results.study_result import ComparatorRow, StudyResult
from onearm.verdict.flags import raise_flags
from onearm.verdict.gates import judge
from onearm.verdict.level import decide

PATHS = (
    "VVVVVVVVVVVVVVVVVVEEEEEHHHHHHHHHHHH",
    "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVV",
    "VVVVVVVVVVVDDDDDDDDDDDDDDDDDDDDDDDDD",
    "VVVVVVVVVVVVVVEEEEEEEEEEHHHHHHHHHHH",
    "VVVVVVVVVVVVVVVVVVVVVVEEEEEEEEEEEEEE",
    "VVVVVVVVVVVVVVVVEEEVVVVVVVEEEEEHHHH",
    "VVVVVVVVVVVVVVVVVVVVVVVVVV??????????",
    "VVVVVVVVVVVVEEEEEEEEEEHHHHHHHHHHHHH",
    "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVV",
    "VVVVVVVVVVVVVVVVVVVDDDDDDDDDDDDDDDD",
    "VVVVVVVVVVVVVVVEEEEEEEEEEEEEHHHHHHHH",
    "VVVVVVVVVVVVVVVVVVVVVEEEEEEEHHHHHHHH",
    "VVVVVVVVVVVVVVVVVVVVVVVVVVVV????????",
)
ANALYSED = (
    share("treated.death.so_far", "dead so far", "fallecidos hasta ahora", 2, 13, 0.0192, 0.45447),
    share("treated.death.worst_case", "if the 4 unresolved die", "si mueren los 4 sin resolver", 6, 13, 0.1922, 0.7487),
    Estimate(
        "treated.death.day28",
        "dead by 28 days from first dose",
        "muertos a 28 días de la primera dosis",
        0.168,
        0.03,
        0.42,
        0.95,
        2,
        "Aalen-Johansen; bootstrap of persons",
        2,
        13,
    ),
    share("treated.unresolved", "unresolved", "sin resolver", 4, 13, 0.0909, 0.6143),
    number(
        "treated.start_day.median",
        "day of first dose, median",
        "día de la primera dosis, mediana",
        7.0,
        unit="days",
        n=13,
    ),
    number("treated.followup.median", "follow-up, median", "seguimiento, mediana", 21.0, unit="days", n=13),
    Estimate(
        "similar.death.from_entry.day28",
        "dead by day 28 from ventilation",
        "muertos a 28 días de la ventilación",
        0.352,
        0.30,
        0.405,
        0.95,
        2,
        "Aalen-Johansen; bootstrap of persons",
        106,
        300,
        role=Role.SECOND,
    ),
    Estimate(
        "primary.exact.p",
        "exact p, one-sided",
        "p exacta, unilateral",
        0.165329,
        sides=1,
        method="risk-set test, Poisson-binomial",
        events=2,
        n=13,
        assumptions=("same chance within a set",),
    ),
    number("primary.exact.midp", "mid-p", "mid-p", 0.104627, sides=1, method="risk-set test, Poisson-binomial"),
    Estimate(
        "primary.exact.gamma_star",
        "hidden bias that would undo it",
        "sesgo oculto que lo desharía",
        None,
        status=Status.REFUSED,
        remedy="p is above .05 without any bias",
    ),
    number(
        "primary.exact.expected",
        "deaths expected without the treatment",
        "muertes esperadas sin el tratamiento",
        4.0,
        n=13,
        method="risk sets, deaths / set size",
    ),
    number(
        "primary.exact.observed",
        "deaths counted (lost count as dead)",
        "muertes contadas (los perdidos cuentan)",
        2.0,
        n=13,
    ),
    number(
        "primary.exact.p.same_day_after",
        "exact p, controls at risk the next morning",
        "p exacta, controles a la mañana siguiente",
        0.183,
        sides=1,
        method="risk-set test, same_day after",
    ),
    Estimate(
        "attributable.deaths",
        "deaths averted among the treated",
        "muertes evitadas en tratados",
        None,
        -1.0,
        7.0,
        0.95,
        2,
        "inversion of the exact test",
        2,
        13,
    ),
    Estimate(
        "naive.ever_treated.hazard_ratio",
        "ever against never treated",
        "alguna vez frente a nunca",
        0.266,
        0.165,
        0.429,
        0.95,
        2,
        "Cox, Efron ties",
        75,
        103,
        role=Role.REFUSED,
    ),
    Estimate(
        "time_dependent.hazard_ratio",
        "treated from the day of treatment on",
        "tratado desde el día del tratamiento",
        1.136,
        0.629,
        2.049,
        0.95,
        2,
        "Cox, time-dependent, Efron ties",
        75,
        103,
        role=Role.SENSITIVITY,
    ),
    Estimate(
        "landmark7.hazard_ratio",
        "landmark day 7",
        "hito en el día 7",
        0.915,
        0.527,
        1.589,
        0.95,
        2,
        "Cox from landmark",
        30,
        79,
        role=Role.SENSITIVITY,
    ),
    Estimate(
        "landmark7.risk_difference",
        "difference in risk from day 7",
        "diferencia de riesgo desde el día 7",
        -0.06,
        -0.24,
        0.13,
        0.95,
        2,
        "Aalen-Johansen from landmark",
        role=Role.SENSITIVITY,
    ),
    Estimate(
        "treated.infusion_reaction",
        "with an infusion reaction",
        "con reacción a la infusión",
        1 / 13,
        0.0019,
        0.3603,
        0.95,
        2,
        "Clopper-Pearson, exact",
        1,
        13,
    ),
)


def analysed() -> StudyResult:
    """13 treated with daily records and 300 similar patients of the same hospital."""
    base = balmys19()
    evidence = replace(
        EVIDENCE,
        patients=True,
        null_p=(0.165, 0.71),
        chance=(("similar patients", 0.165, 0.71),),
        aligned=True,
        lag_logged=True,
        controls_with_days=True,
        claim_admitted=True,
        claim_comparator="own records",
        same_setting=True,
        confounders_complete=0.94,
        unmatched=0,
        imbalance=0.31,
        effective_n=44,
        screened_share=0.97,
        p_value=0.165329,
        locked_before=True,
        drift={},
    )
    gates = judge(evidence)
    strips = tuple(
        DayStrip(f"P{i + 1:02}", (5, 9, 3, 7, 6, 8, 4, 5, 12, 7, 10, 7, 11)[i], s) for i, s in enumerate(PATHS)
    )
    curves = tuple(
        IncidenceCurve(
            name,
            label,
            label_es,
            tuple(range(29)),
            rising(d, 0.1, range(29)),
            rising(o, 0.06, range(29)),
            tuple(max(1, round(n * 0.95**k)) for k in range(29)),
            u,
        )
        for name, label, label_es, d, o, n, u in (
            ("treated", "treated, from first dose", "tratados, desde la primera dosis", 0.18, 0.6, 13, 4),
            ("from_entry", "similar, from ventilation", "similares, desde la ventilación", 0.37, 0.55, 300, 22),
            (
                "landmark7",
                "similar, still ventilated after day 7",
                "similares, aún ventilados tras el día 7",
                0.29,
                0.5,
                171,
                19,
            ),
        )
    )
    markers = (
        MarkerCourse(
            "crp", "mg/L", "fell", 13, 11, 182.0, 64.0, "tocilizumab within 21 days in 9", "tocilizumab en 21 días en 9"
        ),
        MarkerCourse("ferritin", "ug/L", "no_change", 12, 9, 1480.0, 1390.0, "survivors only", "solo supervivientes"),
        MarkerCourse("lymphocytes", "10^9/L", "rose", 13, 11, 0.6, 1.1, "steroids in all", "corticoides en todos"),
    )
    return replace(
        base,
        study="ward13",
        command="analyse",
        about=replace(
            base.about,
            title="Ward 13, adipose cells in ventilated patients",
            provenance="bedside",
            citation="",
            doi="",
            data_lock="2020-07-31",
        ),
        estimates=ANALYSED,
        attrition=(
            AttritionRow("screened", 61, 61, "all admissions to the unit", "todos los ingresos"),
            AttritionRow("I3", 61, 44, "invasively ventilated", "ventilación invasiva"),
            AttritionRow("E4", 44, 40, "no ECMO", "sin ECMO"),
            AttritionRow("treated", 40, 13, "first infusion given", "primera infusión administrada"),
        ),
        comparators=(
            ComparatorRow(
                "own records",
                "patients",
                Role.PRIMARY,
                (),
                (),
                False,
                "",
                "same unit",
                "ES",
                "2020-03 to 2020-06",
                "ventilated",
                "ventilation",
                300,
                106,
                172,
                22,
                "28 d",
                "",
                "",
                ("similar.death.from_entry.day28",),
            ),
        ),
        gates=gates,
        flags=raise_flags(evidence),
        public_claims=(),
        trials=(),
        charts=Charts(icons=IconArray(2, 7, 4, 0), incidence=curves, strips=strips, markers=markers),
        break_points=(
            (
                "If something unrecorded made survivors 1.3 times likelier to be chosen, chance would explain it.",
                "Si algo no registrado hiciera a los supervivientes 1,3 veces más elegibles, bastaría el azar.",
            ),
        ),
        verdict=decide(evidence, gates, SETTLE),
    )


def variant_c() -> StudyResult:
    """0 of 40, none open: fewer deaths than chance explains, still L1."""
    base = balmys19()
    evidence = replace(
        EVIDENCE, n=40, dead=0, unresolved=0, null_p=(0.0001, 0.0001), chance=(("similar cases", 0.0001, 0.0001),)
    )
    estimates = (
        share("treated.death.so_far", "dead so far", "fallecidos hasta ahora", 0, 40, 0.0, 0.0881),
        share("treated.death.worst_case", "worst case", "peor caso", 0, 40, 0.0, 0.0881),
        *(e for e in base.estimates if e.id.startswith("similar.")),
        number("null_predictive.p", "P(no deaths)", "P(ninguna muerte)", 0.00012, n=40),
        number("null_predictive.p_worst_case", "P(no deaths)", "P(ninguna muerte)", 0.00012, n=40),
    )
    mass = tuple(m for m in (*base.charts.null_histogram.mass, *([0.0] * 27)))  # type: ignore[union-attr]
    return replace(
        base,
        study="forty",
        about=replace(base.about, n=40, title="Forty treated, all alive"),
        estimates=estimates,
        charts=Charts(
            icons=IconArray(0, 40, 0, 0),
            null_histogram=replace(base.charts.null_histogram, mass=mass, observed=0, worst_case=0),
        ),  # type: ignore[type-var]
        verdict=decide(evidence, judge(evidence), SETTLE),
    )


def too_little() -> StudyResult:
    """A press note without the number still open: L0, nothing else to draw."""
    base = balmys19()
    evidence = replace(
        EVIDENCE, dead=None, unresolved=None, missing=("deaths", "number still open"), null_p=None, chance=(), drift={}
    )
    return replace(
        base,
        study="note",
        estimates=(),
        attrition=(),
        comparators=(),
        trials=(),
        public_claims=(),
        charts=Charts(),
        break_points=(),
        gates=judge(evidence),
        flags=raise_flags(evidence),
        verdict=decide(evidence, judge(evidence), SETTLE),
    )


def virtual() -> StudyResult:
    """The analysis again, from a virtual hospital: a watermark and no level."""
    real = analysed()
    evidence = replace(EVIDENCE, virtual=True, patients=True)
    return replace(
        real,
        virtual=True,
        study="virtual13",
        about=replace(real.about, provenance="virtual", title="Virtual ward"),
        verdict=decide(evidence, real.gates, SETTLE),
    )


EXAMPLES = {
    "balmys19": balmys19,
    "analysed": analysed,
    "variant_c": variant_c,
    "too_little": too_little,
    "virtual": virtual,
}
