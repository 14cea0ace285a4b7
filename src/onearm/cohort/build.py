"""Protocol and Records to the AnalysisSet of `analyse`, with the attrition that led there."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet, stays_untreated
from onearm.cohort.day_states import day_states
from onearm.cohort.eligibility import in_words
from onearm.cohort.follow_up import FollowUp, follow_up
from onearm.cohort.patient_facts import PatientFacts
from onearm.cohort.risk_sets import OFF_STATE, Group, RiskSets, risk_sets
from onearm.protocol.study import Protocol
from onearm.records import Records
from onearm.results.attrition import AttritionRow
from onearm.vocabulary.scales import DayState


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Everybody who may count, on the clock: the study's own patients first, then each source of similar cases."""

    groups: tuple[Group, ...]
    own_subjects: int  # all rows of `subjects` of the study's own records
    early: tuple[str, ...] = field(default=())  # own patients treated before their day zero: an error of the records

    @property
    def own(self) -> FollowUp:
        """The study's own patients."""
        return self.groups[0].course


def clock_of(records: Records, clock: str) -> str:
    """The clock of a source of similar cases: its own, or that of the study where it says "other"."""
    own = records["sources"]["clock_start"].cast(pl.String).to_list()
    return own[0] if own and own[0] != "other" else clock


def is_dated(records: Records) -> bool:
    """Whether calendar dates of the source are true: not shifted, not day counts."""
    return bool((records["sources"]["time_basis"] == "calendar").all())


def build_cohort(protocol: Protocol, records: Records, similar: Sequence[Records] = ()) -> Cohort:
    """Follow-up of the study's own records and of each folder of similar cases."""
    treat, groups, offset = protocol.strategies, list[Group](), 0
    for k, one in enumerate((records, *similar)):
        clock = protocol.clock.starts if k == 0 else clock_of(one, protocol.clock.starts)
        dated = is_dated(one)
        lock: date | None = protocol.study.data_lock if k == 0 else None
        course = follow_up(one, clock=clock, treat=treat, lock=lock, calendar=dated)
        groups.append(Group(course, PatientFacts(one, course), offset))
        offset += course.people.height
    early = groups[0].course.first_treatment.filter(pl.col("day") < 0)["subject_id"].sort()
    return Cohort(tuple(groups), records["subjects"].height, tuple(early))


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """The set an estimator sees, and what became of the treated on the way."""

    data: AnalysisSet
    sets: RiskSets
    rows: NDArray[np.int64]  # of `data.people` among the people of all groups


def build(
    protocol: Protocol,
    cohort: Cohort,
    *,
    same_day: str = "index",
    calendar_rule: bool = True,
    never_treated_only: bool = False,
) -> Built:
    """AnalysisSet with risk sets on the day, within calipers.

    Treated patients who may not count (a rule broken on their index day, not in the state of the clock then, treated
    in another source) stay as controls until the day before their treatment: to drop them would condition on the
    future. `calendar_rule` false: everybody has room for the whole horizon.
    """
    groups = cohort.groups if calendar_rule else tuple(_without_lock(g) for g in cohort.groups)
    horizon = protocol.horizon_days
    sets = risk_sets(
        groups, protocol.population.rules, protocol.matching, horizon, never_treated_only=never_treated_only
    )
    everybody = pl.concat([g.course.people.select(PEOPLE.keys()) for g in groups])
    people = _until_treated(everybody, _not_counted(groups, sets)).with_row_index("row")
    kept = people.filter(pl.col("end_day") >= 0).with_row_index("place")
    place = kept.select("row", pl.col("place").cast(pl.Int32))
    pairs = sets.pairs
    for side in ("treated", "control"):
        moved = place.rename({"row": side, "place": f"{side}_place"}).with_columns(pl.col(side).cast(pl.Int32))
        pairs = pairs.join(moved, on=side, how="left", maintain_order="left")
        pairs = pairs.drop(side).rename({f"{side}_place": side})
    data = AnalysisSet(
        kept.select(PEOPLE.keys()),
        pairs.select(SETS.keys()),
        horizon,
        same_day,
        protocol.sha256,
        _attrition(protocol, cohort, sets),
        _states(groups, kept, horizon),
    )
    return Built(data, sets, kept["row"].to_numpy().astype(np.int64))


def matching_sha256(data: AnalysisSet) -> str:
    """SHA-256 over the pairs of every risk set by the names of the persons: what a lock of the matching freezes."""
    names = data.people["person"].to_list()
    rows = data.sets.select("treated", "control").iter_rows()
    pairs = sorted(f"{names[t]} {'' if c is None else names[c]}" for t, c in rows)
    return hashlib.sha256("\n".join(pairs).encode()).hexdigest()


def _states(groups: Sequence[Group], kept: pl.DataFrame, horizon: int) -> NDArray[np.int8]:
    """States of the kept at the start of each day, to the day after the last horizon."""
    starts = kept.filter(pl.col("start_day") < NEVER)["start_day"]
    days = int(starts.to_numpy().max(initial=0)) + horizon + 2
    states: NDArray[np.int8] = np.concatenate([day_states(g.course, days) for g in groups])[kept["row"].to_numpy()]
    end, event = (kept[c].to_numpy() for c in ("end_day", "event"))
    states[(np.arange(days)[None, :] > end[:, None]) & (event == 0)[:, None]] = DayState.U
    return states


def _not_counted(groups: Sequence[Group], sets: RiskSets) -> pl.Series:
    """Persons of all groups who were treated and are no treated patient of the analysis."""
    own, *others = (g.course.people for g in groups)
    left_out = own["person"].is_in([name for name, _ in sets.left_out])
    return pl.concat([left_out, *(p["start_day"] < NEVER for p in others)])


def _until_treated(people: pl.DataFrame, who: pl.Series) -> pl.DataFrame:
    """Persons `who` as untreated until the day before their treatment; end_day -1 where there is no such day.

    Nor is there one in a source where everybody was treated.
    """
    stays = stays_untreated(people["source"], people["start_day"].to_numpy())
    last = pl.when(pl.lit(stays)).then(pl.col("start_day") - 1).otherwise(-1)
    cut = pl.lit(who) & (pl.col("end_day") > last)
    return people.with_columns(
        pl.when(cut).then(0).otherwise(pl.col("event")).cast(pl.Int8).alias("event"),
        pl.when(cut).then(last).otherwise(pl.col("end_day")).alias("end_day"),
        pl.when(pl.lit(who)).then(NEVER).otherwise(pl.col("start_day")).cast(pl.Int32).alias("start_day"),
    )


def _without_lock(group: Group) -> Group:
    people = group.course.people.with_columns(pl.lit(NEVER, dtype=pl.Int32).alias("potential_days"))
    return replace(group, course=replace(group.course, people=people))


def _attrition(protocol: Protocol, cohort: Cohort, sets: RiskSets) -> tuple[AttritionRow, ...]:
    """From every subject of the study to the treated with a set."""
    own, reasons = cohort.own, [reason for _, reason in sets.left_out]
    zero = own.people.height
    left = int((own.people["start_day"] < NEVER).sum())
    lost = own.first_treatment["day"].null_count()
    told, told_es = (f" ({lost} treated without it)", f" ({lost} tratados sin él)") if lost else ("", "")
    rows = [
        AttritionRow("clock", cohort.own_subjects, zero, f"day zero is recorded{told}", f"consta el día cero{told_es}"),
        AttritionRow("treated", zero, left, "the index treatment was given", "se administró el tratamiento"),
    ]
    steps = [(OFF_STATE, "still in the state that started the clock, on that day", "en el estado del reloj ese día")]
    steps += [(rule.id, rule.text or in_words(rule), rule.text or in_words(rule)) for rule in protocol.population.rules]
    for rule, told, told_es in steps:
        lost = reasons.count(rule)
        rows.append(AttritionRow(rule, left, left - lost, told, told_es))
        left -= lost
    matched = left - len(sets.unmatched)
    return (*rows, AttritionRow("set", left, matched, "somebody alike was there", "había alguien parecido"))
