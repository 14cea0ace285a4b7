"""Rules of order in time (S2): decided, ordered, verified, given; nothing after death; the clock of the arrival."""

from collections.abc import Iterator

import polars as pl

from onearm.records.broken_rows import Wording, known, surely_after
from onearm.records.collection import Records
from onearm.records.episodes import BREATHING, STAYS
from onearm.results.finding import Finding, Severity
from onearm.vocabulary.clock import Precision

_MINUTE = pl.lit(Precision.MINUTE.value)
# what cannot happen to the dead; a result may be reported later when the sample was taken before
_LIVING = (
    ("weights", "measured_at"),
    ("infusions", "started_at"),
    ("measurements", "collected_at"),
    ("visits", "occurred_at"),
    ("episodes", "started_at"),
    ("episodes", "ended_at"),
    ("image_reads", "taken_at"),
    ("adverse_events", "started_at"),
    ("outcomes", "occurred_at"),
)


def doses_follow_decision_order_and_check(records: Records) -> tuple[Finding, ...]:
    """S2: decided <= ordered; verified <= started; an infusion has a verified order."""
    treat = records["treatment_decisions"].filter(pl.col("decision") == "treat")
    decided = treat.group_by("subject_id").agg(decided_at=pl.col("decided_at").min())
    early = records["dose_orders"].join(decided, on="subject_id").filter(pl.col("ordered_at") < pl.col("decided_at"))
    found = list(
        Wording(
            "S2",
            Severity.BLOCK,
            "{ordered_at}",
            "{decided_at}",
            "Order {key} of {subject_id} was written {ordered_at}, before the decision to treat of {decided_at}.",
            "La orden {key} de {subject_id} es del {ordered_at}, anterior a la decisión de tratar del {decided_at}.",
            "Check both times.",
        ).tell("dose_orders", early)
    )
    verified = records["dose_orders"].select("dose_order_id", "verified_at")
    given = records["infusions"].join(verified, on="dose_order_id")
    found += Wording(
        "S2",
        Severity.BLOCK,
        "{started_at}",
        "a verified order",
        "Infusion {key} of {subject_id} began {started_at}; its order {dose_order_id} was never verified.",
        "La infusión {key} de {subject_id} empezó el {started_at}; su orden {dose_order_id} nunca se verificó.",
        "Record the verification of the order.",
    ).tell("infusions", given.filter(pl.col("verified_at").is_null()))
    found += Wording(
        "S2",
        Severity.BLOCK,
        "{started_at}",
        "{verified_at}",
        "Infusion {key} of {subject_id} began {started_at}, before its order was verified {verified_at}.",
        "La infusión {key} de {subject_id} empezó el {started_at}, antes de verificarse su orden el {verified_at}.",
        "Check both times.",
    ).tell("infusions", given.filter(pl.col("started_at") < pl.col("verified_at")))
    return tuple(found)


def bags_are_given_within_their_infusion(records: Records) -> tuple[Finding, ...]:
    """S2: started <= first drop, last drop <= stopped."""
    times = records["infusions"].select("infusion_id", "subject_id", "started_at", "stopped_at")
    bags = records["infusion_containers"].join(times, on="infusion_id")
    outside = (pl.col("first_drop_at") < pl.col("started_at")) | (pl.col("last_drop_at") > pl.col("stopped_at"))
    return tuple(
        Wording(
            "S2",
            Severity.BLOCK,
            "{first_drop_at} to {last_drop_at}",
            "{started_at} to {stopped_at}",
            "Bag {container_id} of {subject_id} ran {first_drop_at} to {last_drop_at}, "
            "infusion {infusion_id} {started_at} to {stopped_at}.",
            "La bolsa {container_id} de {subject_id} pasó del {first_drop_at} al {last_drop_at}, "
            "la infusión {infusion_id} del {started_at} al {stopped_at}.",
            "Check the times of bag and infusion.",
        ).tell("infusion_containers", bags.filter(outside))
    )


def doses_are_in_order(records: Records) -> tuple[Finding, ...]:
    """S2: dose n ends before dose n+1 begins, and no number is left out."""
    doses = records["infusions"].sort("subject_id", "dose_no")
    before = pl.max_horizontal("started_at", "stopped_at").shift(1).over("subject_id")
    doses = doses.with_columns(before=before, last=pl.col("dose_no").shift(1, fill_value=0).over("subject_id"))
    found = list(
        Wording(
            "S2",
            Severity.BLOCK,
            "{started_at}",
            "{before}",
            "Infusion {key} of {subject_id}, dose {dose_no}, began {started_at}; the one before ran until {before}.",
            "Infusión {key} de {subject_id}, dosis {dose_no}: empezó el {started_at}; la anterior duró hasta {before}.",
            "Check the times and the dose numbers.",
        ).tell("infusions", doses.filter(pl.col("started_at") <= pl.col("before")))
    )
    found += Wording(
        "S2",
        Severity.CONFIRM,
        "{dose_no}",
        "one after {last}",
        "Infusion {key} of {subject_id} is dose {dose_no}; the dose before it is {last}.",
        "La infusión {key} de {subject_id} es la dosis {dose_no}; la anterior es la {last}.",
        "Record the missing dose, or correct dose_no.",
    ).tell("infusions", doses.filter(pl.col("dose_no") != pl.col("last") + 1))
    return tuple(found)


def nothing_happens_after_death(records: Records) -> tuple[Finding, ...]:
    """S2: no infusion, sample, episode, visit or contact after death, as far as both times are known."""
    return tuple(_after_death(records))


def _deaths(records: Records) -> pl.DataFrame:
    died = records["outcomes"].filter(pl.col("kind") == "died").sort("occurred_at")
    return died.unique("subject_id", keep="first").select(
        "subject_id", died_at="occurred_at", died_known=pl.col("occurred_at_precision").cast(pl.String)
    )


def _after_death(records: Records) -> Iterator[Finding]:
    deaths = _deaths(records)
    if deaths.is_empty():
        return
    for table, time in _LIVING:
        rows = records[table].join(deaths, on="subject_id")
        late = surely_after(pl.col(time), known(table, time), pl.col("died_at"), pl.col("died_known"))
        if table == "outcomes":
            late &= pl.col("kind") != "died"
        yield from Wording(
            "S2",
            Severity.BLOCK,
            "{when}",
            "{died_at}",
            f"{table} {{key}}: {time} of {{subject_id}} is {{when}}, after the death of {{died_at}}.",
            f"{table} {{key}}: {time} de {{subject_id}} es {{when}}, después de la muerte del {{died_at}}.",
            "Check both times.",
        ).tell(table, rows.filter(late).with_columns(when=pl.col(time)))


def stays_end_with_death_and_discharge(records: Records) -> tuple[Finding, ...]:
    """S2: nothing goes on after death; a stay or a support of breathing ends with the discharge."""
    open_ones = records["episodes"].filter("ongoing")
    left = records["outcomes"].filter(pl.col("kind").is_in(["died", "left_hospital_alive"])).sort("occurred_at")
    left = left.unique("subject_id", keep="last").select(
        "subject_id", pl.col("kind").cast(pl.String).alias("how"), left_at="occurred_at"
    )
    rows = open_ones.join(left, on="subject_id").filter(pl.col("started_at") <= pl.col("left_at"))
    inpatient = pl.col("kind").is_in([*STAYS, *BREATHING, "severe_state"])
    return tuple(
        Wording(
            "S2",
            Severity.CONFIRM,
            "ongoing",
            "{left_at}",
            "Episode {key} ({kind}) of {subject_id} is still open; outcome: {how} on {left_at}.",
            "El episodio {key} ({kind}) de {subject_id} sigue abierto; resultado: {how} el {left_at}.",
            "Close it at that time.",
        ).tell("episodes", rows.filter((pl.col("how") == "died") | inpatient))
    )


def ventilation_starts_with_its_first_episode(records: Records) -> tuple[Finding, ...]:
    """S2: `ventilated_at` is the start of the first invasive_ventilation episode."""
    first = records["episodes"].filter(pl.col("kind") == "invasive_ventilation").group_by("subject_id")
    rows = records["subjects"].join(first.agg(first=pl.col("started_at").min()), on="subject_id")
    return tuple(
        Wording(
            "S2",
            Severity.BLOCK,
            "{ventilated_at}",
            "{first}",
            "Subject {key} was ventilated {ventilated_at} by its own row, {first} by its first ventilation episode.",
            "El sujeto {key} se ventiló el {ventilated_at} según su fila y el {first} según su primer episodio.",
            "Correct ventilated_at or the episode.",
        ).tell("subjects", rows.filter(pl.col("ventilated_at") != pl.col("first")))
    )


def arrival_is_in_order(records: Records) -> tuple[Finding, ...]:
    """S2, to confirm: symptoms after hospital, ventilated before intensive care, dose before ventilation."""
    subjects = records["subjects"]
    found: list[Finding] = []
    for later, earlier, question in (
        ("symptoms_at", "hospital_at", "Was the illness acquired in hospital?"),
        ("icu_at", "ventilated_at", "Was the patient ventilated outside intensive care?"),
    ):
        late = surely_after(pl.col(later), known("subjects", later), pl.col(earlier), known("subjects", earlier))
        found += Wording(
            "S2",
            Severity.CONFIRM,
            f"{{{later}}}",
            f"{{{earlier}}}",
            f"Subject {{key}}: {later} {{{later}}} is after {earlier} {{{earlier}}}.",
            f"Sujeto {{key}}: {later} {{{later}}} es posterior a {earlier} {{{earlier}}}.",
            question,
        ).tell("subjects", subjects.filter(late))
    ventilated = subjects.select("subject_id", "ventilated_at", "ventilated_at_precision")
    doses = records["infusions"].join(ventilated, on="subject_id")
    precision = pl.col("ventilated_at_precision").cast(pl.String)
    found += Wording(
        "S2",
        Severity.CONFIRM,
        "{started_at}",
        "{ventilated_at}",
        "Infusion {key} of {subject_id} began {started_at}, before ventilation began {ventilated_at}.",
        "La infusión {key} de {subject_id} empezó el {started_at}, antes de la ventilación del {ventilated_at}.",
        "Check both times.",
    ).tell("infusions", doses.filter(surely_after(pl.col("ventilated_at"), precision, pl.col("started_at"), _MINUTE)))
    return tuple(found)
