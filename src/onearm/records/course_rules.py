"""Rules of the course: episodes that exclude each other (S3), P/F (S4), units that may not mix (S5), deaths (A1)."""

from datetime import timedelta

import polars as pl

from onearm.records.broken_rows import Wording
from onearm.records.collection import Records
from onearm.records.episodes import BREATHING
from onearm.results.finding import Finding, Severity
from onearm.vocabulary.clock import Precision
from onearm.vocabulary.markers import MARKERS

SAME_SAMPLE = "30m"  # PaO2 and FiO2 this far apart still belong together
PF_TOLERANCE = 0.05
# Ten lies between units of one analyte (mg/dL and mg/L). Neighbours may be 1.6 apart, and so may the value that belongs
# between them be from each: ten becomes 6.25 to 16. Over more than three days on each side a true rise and fall by ten
# fits in: C-reactive protein halves in 19 h.
UNIT_FACTOR = (6.25, 16.0)
UNIT_NEIGHBOURS_AGREE = 1.6
UNIT_NEIGHBOURS_WITHIN = timedelta(days=3)
# markers of which another unit is another number; ng/mL and ug/L are one
_OF_OTHER_UNITS = tuple(name for name, m in MARKERS.items() if any(how.factor != 1 for how in m.units.values()))
_ROUNDING = 1 + 1e-9  # exactly the limit is within


def breathing_supports_do_not_overlap(records: Records) -> tuple[Finding, ...]:
    """S3: invasive, noninvasive and high-flow episodes do not overlap. An unknown end overlaps nothing."""
    rows = records["episodes"].filter(pl.col("kind").is_in(BREATHING)).sort("subject_id", "started_at", "ended_at")
    exact = pl.all_horizontal(
        pl.col("started_at_precision") == Precision.MINUTE.value,
        (pl.col("ended_at_precision") == Precision.MINUTE.value).fill_null(True),
    ).all()
    never = pl.lit(pl.Series([253402300799000], dtype=pl.Int64)).first().cast(pl.Datetime("ms", "UTC"))
    until = pl.when("ongoing").then(never).otherwise(pl.coalesce("ended_at", "started_at"))
    rows = rows.with_columns(exact=exact.over("subject_id"), until=until)
    rows = rows.with_columns(running=pl.col("until").cum_max().shift(1).over("subject_id"))
    start = pl.col("started_at")
    overlaps = pl.when("exact").then(start < pl.col("running")).otherwise(start.dt.date() < pl.col("running").dt.date())
    return tuple(
        Wording(
            "S3",
            Severity.BLOCK,
            "{started_at}",
            "after the support before it ends",
            "Episode {key} ({kind}) of {subject_id} began {started_at}, while another support of breathing went on.",
            "El episodio {key} ({kind}) de {subject_id} empezó el {started_at}, con otro soporte en curso.",
            "Correct its start, or the end of the one before it.",
        ).tell("episodes", rows.filter(overlaps))
    )


def one_kind_is_open_once(records: Records) -> tuple[Finding, ...]:
    """S3: no two open episodes of one kind and agent."""
    rows = records["episodes"].filter("ongoing").sort("started_at", "episode_id")
    group = ["subject_id", "kind", "agent"]
    rows = rows.with_columns(first=pl.col("episode_id").first().over(group))
    return tuple(
        Wording(
            "S3",
            Severity.BLOCK,
            "{key}",
            "one open episode",
            "Episode {key} ({kind}) of {subject_id} is open, and so is {first} of the same kind.",
            "El episodio {key} ({kind}) de {subject_id} está abierto, y también {first}, del mismo tipo.",
            "Close one of them.",
        ).tell("episodes", rows.filter(pl.col("episode_id") != pl.col("first")))
    )


def typed_ratio_is_that_of_its_sample(records: Records) -> tuple[Finding, ...]:
    """S4: a P/F as typed differs by at most 5 % from PaO2/FiO2 of the same sample (within 30 minutes)."""
    exact = records["measurements"].filter(
        (pl.col("comparator") == "=")
        & pl.col("value").is_not_null()
        & (pl.col("collected_at_precision") == Precision.MINUTE.value)
    )

    def of(marker: str, name: str) -> pl.DataFrame:
        rows = exact.filter(pl.col("marker") == marker).sort("collected_at")
        return rows.select("subject_id", "collected_at", pl.col("value").cast(pl.Float64).alias(name))

    nearest = {
        "on": "collected_at",
        "by": "subject_id",
        "strategy": "nearest",
        "tolerance": SAME_SAMPLE,
        "check_sortedness": False,
    }
    typed = exact.filter(pl.col("marker") == "pf_ratio").sort("collected_at")
    if typed.is_empty():
        return ()
    rows = typed.join_asof(of("pao2", "pao2"), **nearest).join_asof(of("fio2", "fio2"), **nearest)  # type: ignore[arg-type]
    rows = rows.with_columns(ratio=pl.col("pao2") / pl.col("fio2"))
    apart = (pl.col("value").cast(pl.Float64) - pl.col("ratio")).abs()
    off = apart > PF_TOLERANCE * pl.col("ratio") * (1 + 1e-12)  # exactly 5 % is within
    return tuple(
        Wording(
            "S4",
            Severity.CONFIRM,
            "{value}",
            "{ratio}",
            "P/F {value} mmHg of {subject_id} at {collected_at}; PaO2 {pao2} mmHg and FiO2 {fio2} give {ratio}.",
            "P/F {value} mmHg de {subject_id} el {collected_at}; PaO2 {pao2} mmHg y FiO2 {fio2} dan {ratio}.",
            "Check the three values.",
        ).tell("measurements", rows.filter(off))
    )


def units_do_not_contradict_the_marker(records: Records) -> tuple[Finding, ...]:
    """S5: D-dimer in FEU or in DDU, never mixed; a percentage never under an absolute marker."""
    marker, unit = pl.col("marker").cast(pl.String), pl.col("raw_unit").str.to_uppercase()
    wrong = (
        ((marker == "d_dimer_feu") & unit.str.contains("DDU", literal=True))
        | ((marker == "d_dimer_ddu") & unit.str.contains("FEU", literal=True))
        | (marker.is_in(["lymphocytes", "t_cd3", "t_cd4", "t_cd8", "b_cd19"]) & unit.str.contains("%", literal=True))
    )
    return tuple(
        Wording(
            "S5",
            Severity.BLOCK,
            "{raw_unit}",
            "{marker}",
            "Measurement {key} of {subject_id}: {marker} with the unit {raw_unit}.",
            "Medición {key} de {subject_id}: {marker} con la unidad {raw_unit}.",
            "Name the right marker; nothing converts one into the other.",
        ).tell("measurements", records["measurements"].filter(wrong))
    )


def values_keep_the_unit_of_their_neighbours(records: Records) -> tuple[Finding, ...]:
    """S5: no lone value lies ten times above or below those before and after it: it may be in another unit.

    Compared within one specimen; a value whose quality somebody judged already is a neighbour only.
    """
    units = {name: MARKERS[name].unit for name in _OF_OTHER_UNITS}
    known_units = pl.col("marker").cast(pl.String).replace_strict(units, return_dtype=pl.String)
    return tuple(
        Wording(
            "S5",
            Severity.CONFIRM,
            "{raw_value} {raw_unit}",
            "{before} to {after} {unit}",
            "{marker} {value} {unit} of {subject_id} at {collected_at} is about ten times off {before} before and "
            "{after} after it: is {raw_unit} its unit?",
            "{marker} {value} {unit} de {subject_id} el {collected_at} difiere unas diez veces de {before} antes y "
            "{after} después: ¿es {raw_unit} su unidad?",
            "Look at the unit on the report; mark a value that is right as confirmed_extreme.",
        ).tell("measurements", _ten_times_off(records["measurements"]).with_columns(unit=known_units))
    )


def _ten_times_off(measurements: pl.DataFrame) -> pl.DataFrame:
    """Values that are a factor of UNIT_FACTOR from both neighbours, with those as `before` and `after`.

    Sorted once and shifted, for there are millions of rows: a neighbour of another patient or marker is none.
    """
    course = ["subject_id", "marker", "specimen"]
    number = (pl.col("comparator") == "=") & (pl.col("value") > 0)
    dated = pl.col("collected_at_precision") != Precision.MONTH.value
    rows = measurements.lazy().filter(pl.col("marker").is_in(_OF_OTHER_UNITS) & number & dated)
    rows = rows.sort(*course, "collected_at", "replicate", "measurement_id")
    rows = rows.with_columns(before=pl.col("value").shift(1), after=pl.col("value").shift(-1))
    at = pl.col("collected_at")
    near = [
        pl.all_horizontal(pl.col(c).eq_missing(pl.col(c).shift(step)) for c in course)
        & ((at - at.shift(step)).abs() <= UNIT_NEIGHBOURS_WITHIN)
        for step in (1, -1)
    ]
    value, before, after = (pl.col(name).cast(pl.Float64) for name in ("value", "before", "after"))
    low, high = UNIT_FACTOR[0] / _ROUNDING, UNIT_FACTOR[1] * _ROUNDING
    above = (value / before).is_between(low, high) & (value / after).is_between(low, high)
    below = (before / value).is_between(low, high) & (after / value).is_between(low, high)
    agree = pl.max_horizontal(before / after, after / before) <= UNIT_NEIGHBOURS_AGREE * _ROUNDING
    lone = pl.all_horizontal(*near, above | below, agree, pl.col("quality") == "ok")
    return rows.with_columns(lone=lone).filter("lone").collect()


def grade_5_is_death(records: Records) -> tuple[Finding, ...]:
    """A1: grade 5 if and only if the patient died; asked of those who got an infusion."""
    died = records["outcomes"].filter(pl.col("kind") == "died")
    fatal = records["adverse_events"].filter(pl.col("grade") == 5)
    found = list(
        Wording(
            "A1",
            Severity.BLOCK,
            "5",
            "outcome died",
            "Adverse event {key} of {subject_id} has grade 5; no outcome says that the patient died.",
            "El acontecimiento adverso {key} de {subject_id} es de grado 5; ningún resultado dice que muriera.",
            "Record the death, or correct the grade.",
        ).tell("adverse_events", fatal.join(died, on="subject_id", how="anti"))
    )
    treated = died.join(records["infusions"], on="subject_id", how="semi")
    found += Wording(
        "A1",
        Severity.CONFIRM,
        "died",
        "an adverse event of grade 5",
        "{subject_id} was infused and died on {occurred_at}; no adverse event has grade 5.",
        "{subject_id} recibió la infusión y murió el {occurred_at}; ningún acontecimiento adverso es de grado 5.",
        "Record the event that led to the death.",
    ).tell("outcomes", treated.join(fatal, on="subject_id", how="anti"))
    return tuple(found)
