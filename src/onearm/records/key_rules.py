"""Rules of keys and belonging: every reference has its row, one patient per thread, external and virtual stay apart."""

from collections.abc import Iterator

import polars as pl

from onearm.records.broken_rows import Wording, known
from onearm.records.collection import Provenance, Records
from onearm.records.tables import FOREIGN_KEYS
from onearm.results.finding import Finding, Severity
from onearm.vocabulary.clock import Precision
from onearm.vocabulary.identifiers import OWN_SUBJECT, VIRTUAL_SUBJECT

EXTERNAL = "individual_external"
# rows that an external patient cannot have: nobody of ours asked, ordered or gave anything
_OWN_ONLY = ("consents", "dose_orders", "infusions", "custody")
# table, column it is reached by, table reached: both name a patient, and it must be one
_SAME_PATIENT = (
    ("infusions", "dose_order_id", "dose_orders"),
    ("dose_orders", "weight_id", "weights"),
    ("measurements", "infusion_id", "infusions"),
    ("custody", "dose_order_id", "dose_orders"),
)


def references_have_their_row(records: Records) -> tuple[Finding, ...]:
    """K1: each foreign key names a row that is there."""
    return tuple(_dangling(records))


def _dangling(records: Records) -> Iterator[Finding]:
    for key in FOREIGN_KEYS:
        rows = records[key.table].filter(pl.col(key.column).is_not_null())
        there = records[key.target].select(pl.col(key.target_column).alias(key.column)).unique()
        broken = rows.join(there, on=key.column, how="anti").with_columns(reference=pl.col(key.column))
        yield from Wording(
            "K1",
            Severity.BLOCK,
            "{reference}",
            f"a row of {key.target}",
            f"{key.table} {{key}} names {key.column} {{reference}}, which is not in {key.target}.",
            f"{key.table} {{key}} nombra {key.column} {{reference}}, que no está en {key.target}.",
            f"Add the row to {key.target}, or correct {key.column}.",
        ).tell(key.table, broken)


def linked_rows_speak_of_one_patient(records: Records) -> tuple[Finding, ...]:
    """K2: an infusion, its order, its weight and its bags belong to one patient; infusion and order to one dose."""
    return tuple(_other_patient(records)) + tuple(_other_dose(records))


def _other_patient(records: Records) -> Iterator[Finding]:
    for table, column, target in _SAME_PATIENT:
        reached = records[target].select(column, other="subject_id")
        joined = records[table].join(reached, on=column)
        yield from Wording(
            "K2",
            Severity.BLOCK,
            "{subject_id}",
            "{other}",
            f"{table} {{key}} is of subject {{subject_id}}, its {column} {{{column}}} of {{other}}.",
            f"{table} {{key}} es del sujeto {{subject_id}}, y su {column} {{{column}}} de {{other}}.",
            f"Correct subject_id or {column}.",
        ).tell(table, joined.filter(pl.col("subject_id") != pl.col("other")))


def _other_dose(records: Records) -> Iterator[Finding]:
    ordered = records["dose_orders"].select("dose_order_id", ordered="dose_no")
    joined = records["infusions"].join(ordered, on="dose_order_id").filter(pl.col("dose_no") != pl.col("ordered"))
    return iter(
        tuple(
            Wording(
                "K2",
                Severity.BLOCK,
                "{dose_no}",
                "{ordered}",
                "Infusion {key} of {subject_id} is dose {dose_no}; its order {dose_order_id} is for dose {ordered}.",
                "La infusión {key} de {subject_id} es la dosis {dose_no}; su orden {dose_order_id}, la {ordered}.",
                "Correct dose_no, or name the right order.",
            ).tell("infusions", joined)
        )
    )


def external_patients_have_no_product(records: Records) -> tuple[Finding, ...]:
    """C1: an external subject has no consent, order, lot or infusion; a criterion is met only with its value."""
    external = records["subjects"].filter(pl.col("cohort") == EXTERNAL).select("subject_id")
    found: list[Finding] = []
    for table in _OWN_ONLY:
        found += Wording(
            "C1",
            Severity.BLOCK,
            "{subject_id}",
            "no row",
            f"{table} {{key}} is of {{subject_id}}, an external patient.",
            f"{table} {{key}} es de {{subject_id}}, un paciente externo.",
            "Take the row out, or correct the cohort of the subject.",
        ).tell(table, records[table].join(external, on="subject_id", how="semi"))
    met = records["eligibility_checks"].filter((pl.col("met") == "yes") & pl.col("value").is_null())
    found += Wording(
        "C1",
        Severity.BLOCK,
        "yes",
        "yes with a value, else unknown",
        "Criterion {criterion_id} of {subject_id}, an external patient, is met without a value.",
        "El criterio {criterion_id} de {subject_id}, un paciente externo, consta cumplido sin ningún valor.",
        "Give the value from the file of the source, or unknown.",
    ).tell("eligibility_checks", met.join(external, on="subject_id", how="semi"))
    return tuple(found)


def patients_fit_their_source(records: Records) -> tuple[Finding, ...]:
    """C1: the patients of an external source are external, and only those."""
    kinds = records["sources"].select("source_id", kind=pl.col("kind").cast(pl.String))
    joined = records["subjects"].join(kinds, on="source_id").with_columns(pl.col("cohort").cast(pl.String))
    other = (pl.col("kind") == EXTERNAL) != (pl.col("cohort") == EXTERNAL)
    return tuple(
        Wording(
            "C1",
            Severity.BLOCK,
            "{cohort}",
            "{kind}",
            "Subject {key} is in the cohort {cohort}; its source {source_id} is {kind}.",
            "El sujeto {key} está en la cohorte {cohort}; su fuente {source_id} es {kind}.",
            "Correct the cohort of the subject or the kind of the source.",
        ).tell("subjects", joined.filter((pl.col("kind") != "virtual") & other))
    )


def virtual_patients_stay_apart(records: Records) -> tuple[Finding, ...]:
    """V1: virtual records hold virtual patients only, real records none; own patients have own ids."""
    virtual = records.provenance is Provenance.VIRTUAL
    named_virtual = pl.col("subject_id").str.contains(VIRTUAL_SUBJECT)
    own = pl.col("cohort") != EXTERNAL
    named_own = pl.col("subject_id").str.contains(OWN_SUBJECT)
    subjects = records["subjects"]
    wrong = subjects.filter(~named_virtual) if virtual else subjects.filter(named_virtual)
    form = "VNN-NNN" if virtual else "an id that is not VNN-NNN"
    found = list(
        Wording(
            "V1",
            Severity.BLOCK,
            "{key}",
            form,
            f"Subject {{key}} stands in {records.provenance.value} records; its id must be {form}.",
            f"El sujeto {{key}} está en registros {records.provenance.value}; su identificador no es válido en ellos.",
            "Keep virtual and real patients in different folders.",
        ).tell("subjects", wrong)
    )
    sources = records["sources"].filter((pl.col("kind") == "virtual") != virtual)
    found += Wording(
        "V1",
        Severity.BLOCK,
        "{kind}",
        "virtual" if virtual else "not virtual",
        f"Source {{key}} is {{kind}}, the records are {records.provenance.value}.",
        f"La fuente {{key}} es {{kind}}, los registros son {records.provenance.value}.",
        "Keep virtual and real patients in different folders.",
    ).tell("sources", sources)
    if not virtual:
        found += Wording(
            "V1",
            Severity.BLOCK,
            "{key}",
            "own SNN-NNN, external any other",
            "Subject {key} is {cohort}; own patients are named SNN-NNN, external ones otherwise.",
            "El sujeto {key} es {cohort}; los propios se nombran SNN-NNN, los externos de otro modo.",
            "Correct the id or the cohort.",
        ).tell("subjects", subjects.filter(~named_virtual & (own != named_own)))
    return tuple(found)


def nobody_dies_twice(records: Records) -> tuple[Finding, ...]:
    """O1: one `died` per subject."""
    deaths = records["outcomes"].filter(pl.col("kind") == "died").sort("occurred_at", "outcome_id")
    later = deaths.with_columns(first=pl.col("outcome_id").first().over("subject_id"))
    return tuple(
        Wording(
            "O1",
            Severity.BLOCK,
            "{key}",
            "one death",
            "Outcome {key}: subject {subject_id} is already recorded dead in outcome {first}.",
            "Resultado {key}: la muerte del sujeto {subject_id} ya consta en el resultado {first}.",
            "Keep one of the two.",
        ).tell("outcomes", later.filter(pl.col("outcome_id") != pl.col("first")))
    )


def nobody_is_entered_twice(records: Records) -> tuple[Finding, ...]:
    """K3: no two subjects, at whatever site, share sex, age, minute of ventilation and that of arrival or symptoms.

    Times known by date or month count for nothing here: among thousands many share them.
    """
    rows = records["subjects"].filter(_to_the_minute("ventilated_at")).sort("subject_id")
    if rows.height < 2:
        return ()
    person = ["sex", "age_years", "age_low", "age_high", pl.col("ventilated_at").dt.truncate("1m")]
    twice = []
    for time in ("hospital_at", "symptoms_at"):
        at = pl.col(time).dt.truncate("1m")
        same = rows.filter(_to_the_minute(time)).with_columns(time=pl.lit(time), moment=at)
        same = same.with_columns(first=pl.col("subject_id").first().over([*person, at]))
        twice.append(same.filter(pl.col("subject_id") != pl.col("first")))
    broken = pl.concat(twice).unique("subject_id", keep="first", maintain_order=True).sort("subject_id")
    return tuple(
        Wording(
            "K3",
            Severity.CONFIRM,
            "{key}",
            "one subject for one person",
            "Subjects {first} and {key} look like one person: sex {sex}, of one age, ventilated {ventilated_at}, "
            "{time} {moment}.",
            "Los sujetos {first} y {key} parecen una misma persona: sexo {sex}, de igual edad, ventilados el "
            "{ventilated_at}, {time} {moment}.",
            "Ask both sites for their key lists; keep one of the two, or confirm that they are two.",
        ).tell("subjects", broken)
    )


def _to_the_minute(time: str) -> pl.Expr:
    """Whether a time is there and known to the minute; `at_date` puts all others at noon."""
    return pl.col(time).is_not_null() & (known("subjects", time) == Precision.MINUTE.value)
