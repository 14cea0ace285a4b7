"""Is a dose right to its last stored digit, and how long does a recall take to name everybody?"""

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import polars as pl

from bench.dose_cases import LAST_DIGIT, DoseCase, cases, exact
from bench.measure import Measure, MeasureFailed, Reading
from bench.process import answer

_SEED = 20200710
_CASES, _PART = 1_000_000, 10_000
_BAGS, _PATIENTS, _PER_LOT = 10_000, 3_000, 20
_START = datetime(2020, 3, 1, tzinfo=UTC)


def child(part: str) -> Reading:
    """A reading taken in a process of its own."""
    return Reading(**answer("bench.product", part))


def by_onearm(case: DoseCase) -> Mapping[str, Decimal]:
    """The stored figures of one case."""
    from onearm.product import dosing

    share = {"given_ml": case.given_ml, "total_ml": case.total_ml}
    load = {"product_ml": case.product_ml, "weight_kg": case.weight_kg, **share}
    delivered = dosing.delivered_m(
        counted_m=case.counted_m,
        viability_percent=case.viability_percent,
        decay_per_h=case.decay_per_h,
        hours=dosing.hours_to_drops(case.counted_at, case.first_drop_at, case.last_drop_at),
        **share,
    )
    told = {"dmso_percent": case.dmso_percent, "density_g_per_ml": Decimal("1.10"), "removed_share": Decimal(0)}
    return {
        "delivered_m": delivered,
        "per_kg": dosing.per_kg(delivered, case.weight_kg),
        "deviation": dosing.deviation(delivered, case.target_m),
        "dmso_g_per_kg": dosing.dmso_g_per_kg(**told, **load),
        "endotoxin_eu_per_kg": dosing.endotoxin_eu_per_kg(eu_per_ml=case.eu_per_ml, **load),
        "target_m": dosing.target_m(case.planned, case.weight_kg),
        "predicted_kg": dosing.predicted_kg(case.sex, case.height_cm),
        "adjusted_kg": dosing.adjusted_kg(case.sex, case.height_cm, case.weight_kg),
    }


def wrong_figures(part: int, count: int = _PART) -> int:
    """How many figures of one part of the cases are off by more than the last stored digit."""
    off = 0
    for case in cases(seed=_SEED + part, count=count):
        due = exact(case)
        off += sum(abs(Fraction(value) - due[name]) > LAST_DIGIT for name, value in by_onearm(case).items())
    return off


def million_doses() -> dict[str, float | int | str]:
    """Seconds for a million cases, eight figures each, on all cores. Raises MeasureFailed when one is off."""
    from rich.console import Console
    from rich.progress import track

    cores, parts = len(os.sched_getaffinity(0)), range(_CASES // _PART)
    begun = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        done = pool.imap_unordered(wrong_figures, parts)
        off = sum(track(done, "doses against fractions", len(parts), console=Console(stderr=True)))
    seconds = time.perf_counter() - begun
    if off:
        raise MeasureFailed(f"{off:,} figures of {_CASES:,} doses are off by more than the last stored digit")
    note = f"{_CASES:,} cases x 8 figures, 0 off; {cores} processes"
    return {"value": seconds, "lowest": seconds, "highest": seconds, "repeats": 1, "note": note}


def slowest_trace() -> dict[str, float | int | str]:
    """Seconds of the slowest of 40 questions: lot to patients, patient to donor, and all rows of a recall."""
    from onearm.product.recall import recall_of, recall_rows
    from onearm.product.trace import trace_lot, trace_patient
    from onearm.protocol.rulebook import default_rulebook

    records, book = big_study(), default_rulebook()
    last = _BAGS // _PER_LOT
    who = {"now": _START, "actor_id": "QP1", "site_id": "UNIT", "reason": "bench"}
    taken: list[float] = []

    def timed(ask: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        found = ask()
        taken.append(time.perf_counter() - begun)
        return found

    trace_lot(records, "L00001")  # polars starts its threads
    for k in range(10):
        lot_id, subject = f"L{1 + k * (last // 10):05}", f"S{k % 90 + 1:02}-{k * 3 + 1:03}"
        lot = timed(partial(trace_lot, records, lot_id))
        patient = timed(partial(trace_patient, records, subject))
        recall = timed(partial(recall_of, records, lot_id, book))
        rows = timed(partial(recall_rows, records, lot_id, **who))
        if len(lot.bags) != _PER_LOT or len(recall.patients) != len(lot.recipients) or not rows:
            raise MeasureFailed(f"the trace of {lot_id} is not complete")
        if len(patient.bag_ids) != 1:
            raise MeasureFailed(f"the trace of {subject} is not complete")
    note = f"{len(taken)} questions to {_BAGS:,} bags and {_PATIENTS:,} patients, the slowest"
    return {"value": max(taken), "lowest": min(taken), "highest": max(taken), "repeats": len(taken), "note": note}


def big_study() -> Any:
    """10,000 bags of 500 lots, 3,000 patients of whom each got one; validated Records."""
    from onearm.records import Records

    common = {"site_id": "S01", "version": 1, "entered_at": _START}
    tables = {**_product_side(), **_patient_side()}
    frames = {name: frame.with_columns(**{k: pl.lit(v) for k, v in common.items()}) for name, frame in tables.items()}
    return Records.of(frames, provenance="bedside")


def _bag_ids() -> list[str]:
    from onearm.vocabulary.identifiers import with_check_character

    return [with_check_character(f"C{n:09}") for n in range(1, _BAGS + 1)]


def _lot_ids() -> list[str]:
    return [f"L{n:05}" for n in range(1, _BAGS // _PER_LOT + 1)]


def _subject_ids() -> list[str]:
    return [f"S{n % 90 + 1:02}-{n // 90 * 3 + 1:03}" for n in range(_PATIENTS)]


def _product_side() -> dict[str, pl.DataFrame]:
    lots, bags = _lot_ids(), _bag_ids()
    return {
        "specifications": pl.DataFrame(
            {"specification_id": "SPEC", "specification_version": 1, "test": ["viability"], "stage": "final"}
        ).with_columns(method=pl.lit("x"), unit=pl.lit("%"), low=pl.lit("70"), required_for=pl.lit("release")),
        "lots": pl.DataFrame({"lot_id": lots, "donor_id": [f"D{n // 4:04}" for n in range(len(lots))]}).with_columns(
            product_code=pl.lit("AT-MSC"),
            cell_source=pl.lit("adipose"),
            donor_kind=pl.lit("allogeneic"),
            passage=pl.lit(4),
            form=pl.lit("fresh"),
            harvested_at=pl.lit(_START - timedelta(days=90)),
            dmso_percent=pl.lit("0"),
            nominal_viable_m=pl.lit("100"),
            product_volume_ml=pl.lit("20"),
            containers_made=pl.lit(_PER_LOT),
            storage_c=pl.lit("-150"),
            expires_at=pl.lit(_START + timedelta(days=700)),
            specification_id=pl.lit("SPEC"),
        ),
        "release_decisions": pl.DataFrame({"decision_id": [f"{lot}-R1" for lot in lots], "lot_id": lots}).with_columns(
            decision=pl.lit("release"),
            decided_at=pl.lit(_START - timedelta(days=80)),
            decided_by=pl.lit("QP1"),
            reason=pl.lit("x"),
        ),
        "containers": pl.DataFrame(
            {
                "container_id": bags,
                "lot_id": [lots[n // _PER_LOT] for n in range(_BAGS)],
                "container_no": [n % _PER_LOT + 1 for n in range(_BAGS)],
            }
        ).with_columns(nominal_viable_m=pl.lit("100"), volume_ml=pl.lit("20")),
        "custody": pl.DataFrame(_events(), infer_schema_length=None),
    }


def _given() -> list[tuple[str, str]]:
    """Every third bag went to a patient."""
    return list(zip(_bag_ids()[::3], _subject_ids(), strict=False))


def _events() -> list[dict[str, Any]]:
    def event(bag: str, number: int, name: str, at: datetime, subject: str | None = None) -> dict[str, Any]:
        order = None if subject is None else f"{subject}-O1"
        told = {"custody_id": f"{bag}-{number}", "container_id": bag, "event": name, "occurred_at": at}
        return {**told, "actor_id": "A1", "witness_id": "A2", "subject_id": subject, "dose_order_id": order}

    rows = [event(bag, 1, "made", _START - timedelta(days=89)) for bag in _bag_ids()]
    way = ("allocated", "thaw_started", "thaw_ended", "issued", "bedside_matched", "started", "stopped")
    for bag, subject in _given():
        rows += [event(bag, n, name, _START + timedelta(minutes=5 * n), subject) for n, name in enumerate(way, 2)]
    return rows


def _patient_side() -> dict[str, pl.DataFrame]:
    from onearm.records.subjects import COMORBIDITIES

    subjects, day = _subject_ids(), timedelta(days=1)
    own = pl.DataFrame({"subject_id": subjects})
    begun = _START + timedelta(minutes=35)
    given = pl.DataFrame(_given(), schema=["container_id", "subject_id"], orient="row").with_columns(
        dose_order_id=pl.col("subject_id") + "-O1", infusion_id=pl.col("subject_id") + "-I1"
    )
    return {
        "sources": _source(),
        "subjects": own.with_columns(
            source_id=pl.lit("OWN"),
            cohort=pl.lit("treated_path"),
            sex=pl.lit("male"),
            age_years=pl.lit("63"),
            **{name: pl.lit("unknown") for name in COMORBIDITIES},
        ),
        "dose_orders": own.select(pl.col("subject_id"), dose_order_id=pl.col("subject_id") + "-O1").with_columns(
            dose_no=pl.lit(1),
            planned_m_per_kg=pl.lit("1"),
            weight_basis=pl.lit("actual"),
            dosing_weight_kg=pl.lit("80"),
            target_m=pl.lit("80"),
            requested_for=pl.lit(begun),
            ordered_at=pl.lit(_START - day),
            ordered_by=pl.lit("DOC1"),
            verified_at=pl.lit(_START - day),
            verified_by=pl.lit("PHARM1"),
            status=pl.lit("completed"),
        ),
        "infusions": given.select("infusion_id", "dose_order_id", "subject_id").with_columns(
            dose_no=pl.lit(1),
            status=pl.lit("completed"),
            route=pl.lit("central_venous"),
            started_at=pl.lit(begun),
            stopped_at=pl.lit(begun + timedelta(minutes=5)),
            interruptions=pl.lit("[]"),
            checked_by_1=pl.lit("A1"),
            checked_by_2=pl.lit("A2"),
            identity_checked_at=pl.lit(begun),
            reaction_assessment=pl.lit("not_assessed"),
        ),
        "infusion_containers": given.select("infusion_id", "container_id").with_columns(
            thaw_ended_at=pl.lit(_START + timedelta(minutes=20)),
            diluent=pl.lit("ringer_lactate"),
            total_volume_ml=pl.lit("50"),
            given_volume_ml=pl.lit("50"),
            first_drop_at=pl.lit(begun),
            last_drop_at=pl.lit(begun + timedelta(minutes=5)),
            remainder=pl.lit("none"),
        ),
        "measurements": _measurements(own),
    }


def _measurements(own: pl.DataFrame) -> pl.DataFrame:
    """One value a day for 28 days."""
    days = pl.DataFrame({"day": range(28)}, schema={"day": pl.Int64})
    rows = own.join(days, how="cross")
    return rows.select(
        pl.col("subject_id"),
        measurement_id=pl.col("subject_id") + "-M" + pl.col("day").cast(pl.String),
        marker=pl.lit("crp"),
        collected_at=pl.lit(_START) + pl.duration(days=pl.col("day")),
        collected_at_precision=pl.lit("minute"),
        raw_value=pl.lit("10"),
        comparator=pl.lit("="),
        raw_unit=pl.lit("mg/L"),
        value=pl.lit("10"),
        origin=pl.lit("file"),
        replicate=pl.lit(1),
        quality=pl.lit("ok"),
    )


def _source() -> pl.DataFrame:
    told = ("title", "population", "setting", "country", "entry_rule", "time_zero_rule", "licence")
    return pl.DataFrame({"source_id": ["OWN"], "kind": "own_study", **dict.fromkeys(told, "x")}).with_columns(
        time_basis=pl.lit("calendar"),
        clock_start=pl.lit("icu"),
        retrieved_at=pl.lit(_START),
        file_sha256=pl.lit("0" * 64),
        missing_fields=pl.lit("[]"),
    )


_CHILDREN = {"dose": million_doses, "trace": slowest_trace}

MEASURES = (
    Measure("product.dose", "1,000,000 doses against fractions, 0 off", "s", partial(child, "dose"), target="< 240"),
    Measure(
        "product.trace",
        "lot to patients, patient to donor, recall, among 10,000 bags",
        "s",
        partial(child, "trace"),
        target="< 0.1",
    ),
)


if __name__ == "__main__":
    print(json.dumps(_CHILDREN[sys.argv[1]]()))
