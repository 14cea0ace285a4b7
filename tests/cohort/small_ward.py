"""Small hand-made Records: a ward is a list of rows, times are days from START or calendar dates."""

import functools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import strategies as st

from onearm.cohort.build import build_cohort
from onearm.cohort.follow_up import follow_up
from onearm.cohort.patient_facts import PatientFacts
from onearm.protocol.study import Clock, Endpoint, Matching, Population, Protocol, Rule, Strategies, Study
from onearm.records import TABLES, Provenance, Records
from onearm.records.subjects import COMORBIDITIES
from onearm.vocabulary.clock import at_date

START = datetime(2020, 4, 1, 18, tzinfo=UTC)  # day zero of a patient whose clock starts at 0; an evening
SEEN = datetime(2020, 7, 1, tzinfo=UTC)
INFUSIONS = Strategies("infusions")


def on(day):
    """The calendar date of START plus whole days: a time known to the day only."""
    return START.date() + timedelta(days=day)


def _time(column, when):
    """Columns of a time: days from START as a number (to the minute), or a date."""
    if isinstance(when, date):
        return {column: at_date(when), f"{column}_precision": "day"}
    return {column: START + timedelta(days=when), f"{column}_precision": "minute"}


class Ward:
    """Rows of one source; every method adds a row and gives the ward back."""

    def __init__(self, kind="own_study", *, source="WARD", basis="calendar", clock="ventilation", quick=False):
        self.rows, self.quick = {}, quick
        self.cohort = "individual_external" if kind == "individual_external" else "concurrent_untreated"
        self.source = source
        self._lay(
            "sources",
            source_id=source,
            title=source,
            kind=kind,
            population="everyone",
            setting="one ward",
            country="ES",
            entry_rule="everyone",
            time_zero_rule=clock,
            time_basis=basis,
            clock_start=clock,
            licence="none",
            retrieved_at=SEEN,
            file_sha256="0" * 64,
            missing_fields="[]",
        )

    def _lay(self, table, **row):
        self.rows.setdefault(table, []).append({"site_id": "S01", "version": 1, "entered_at": SEEN, **row})
        return self

    def _id(self, table):
        return f"{table[:3].upper()}-{len(self.rows.get(table, ())):04}"

    def person(self, name, *, age=60, ventilated=0, until=None, **columns):
        """A subject, ventilated from `ventilated` (None: never) until `until` (None: going on)."""
        years = {} if any(k.startswith("age_") for k in columns) else {"age_years": Decimal(str(age))}
        known = dict.fromkeys(COMORBIDITIES, "unknown") | {"sex": "unknown"} | years | columns
        times = {k: v for name, when in columns.items() if name.endswith("_at") for k, v in _time(name, when).items()}
        self._lay("subjects", subject_id=name, source_id=self.source, cohort=self.cohort, **(known | times))
        return self if ventilated is None else self.episode(name, "invasive_ventilation", ventilated, until)

    def episode(self, name, kind, start, end=None, *, ongoing=None, agent=None):
        """Without an end it is going on, unless `ongoing` is false: the end is not known."""
        ends = {} if end is None else _time("ended_at", end)
        return self._lay(
            "episodes",
            episode_id=self._id("episodes"),
            subject_id=name,
            kind=kind,
            agent=agent,
            ongoing=end is None if ongoing is None else ongoing,
            **_time("started_at", start),
            **ends,
        )

    def outcome(self, name, kind, when):
        return self._lay(
            "outcomes", outcome_id=self._id("outcomes"), subject_id=name, kind=kind, **_time("occurred_at", when)
        )

    def sample(self, name, marker, value, when, *, sign="=", replicate=1):
        value = None if value is None else Decimal(str(value))
        return self._lay(
            "measurements",
            measurement_id=self._id("measurements"),
            subject_id=name,
            marker=marker,
            raw_value=str(value),
            comparator=sign,
            raw_unit="1",
            value=value,
            origin="file",
            replicate=replicate,
            quality="ok",
            **_time("collected_at", when),
        )

    def infusion(self, name, day, *, seen="none", watched=6.0):
        """A dose `day` days from START; `watched` hours for a reaction, `seen` as in the records."""
        started = START + timedelta(days=day)
        looked = (
            {} if watched is None else {"assessed_until_at": started + timedelta(hours=watched), "assessed_by": "N"}
        )
        dose = 1 + sum(r["subject_id"] == name for r in self.rows.get("infusions", ()))
        return self._lay(
            "infusions",
            infusion_id=self._id("infusions"),
            dose_order_id=self._id("infusions"),
            subject_id=name,
            dose_no=dose,
            status="started",
            route="central_venous",
            started_at=started,
            interruptions="[]",
            checked_by_1="N1",
            checked_by_2="N2",
            identity_checked_at=started,
            reaction_assessment=seen,
            **looked,
        )

    def decision(self, name, decision, day):
        reason = {} if decision == "treat" else {"reason": "improving"}
        return self._lay(
            "treatment_decisions",
            decision_id=self._id("treatment_decisions"),
            subject_id=name,
            decided_at=START + timedelta(days=day),
            decision=decision,
            decided_by="DOC",
            **reason,
        )

    def visit(self, name, status, when):
        return self._lay(
            "visits",
            subject_id=name,
            planned_day=len(self.rows.get("visits", ())) + 1,
            status=status,
            occurred_at=None if when is None else START + timedelta(days=when),
            reason=None if when is not None else "transferred",
        )

    def records(self):
        """Checked row by row (not where `quick`: a property draws many wards); rules across tables are not asked."""
        if self.quick:
            return Records(Provenance.FILE, {t: pl.DataFrame(rows, schema=_dtypes(t)) for t, rows in self.rows.items()})
        frames = {}
        for table, rows in self.rows.items():
            named = {name for row in rows for name in row}
            frames[table] = pl.DataFrame(rows, schema={n: d for n, d in _dtypes(table).items() if n in named})
        return Records.of(frames, provenance="file")


@functools.cache
def _dtypes(table):
    return {name: column.dtype for name, column in TABLES[table].columns().items()}


def course(ward, *, clock="ventilation", treat=INFUSIONS, lock=None, calendar=True):
    """Follow-up of a ward."""
    return follow_up(ward.records(), clock=clock, treat=treat, lock=lock, calendar=calendar)


def end_of(ward, name="A", **options):
    """(T, e) of one patient."""
    return course(ward, **options).people.filter(pl.col("person") == name).select("end_day", "event").row(0)


def facts(ward, **options):
    """What is known of the patients of a ward."""
    return PatientFacts(ward.records(), course(ward, **options))


def protocol(*rules, horizon=10, lock=None, treat="infusions", clock="ventilation", **matching):
    """A protocol with those eligibility rules and calipers."""
    return Protocol(
        Study("made-up", "Made up", data_lock=lock),
        clock=Clock(clock),
        population=Population(tuple(rules)),
        strategies=Strategies(treat),
        endpoint=(Endpoint("death", horizon_days=horizon),),
        matching=Matching(**matching),
    )


def cohort(plan, ward, *others):
    """Everybody on the clock."""
    return build_cohort(plan, ward.records(), [o.records() for o in others])


def rule(id="I1", what="age", op=">=", value=18, **more):
    return Rule(id, what, op, value, **more)


def stay(ward, name, *, until=30, seen=None, kind="left_hospital_alive", **columns):
    """A patient ventilated from day 0 until `until`, who leaves then unless told otherwise."""
    return ward.person(name, until=until, **columns).outcome(name, kind, until if seen is None else seen)


@st.composite
def studies(draw):
    """Own patients and similar ones with spells, ends, ages and treatments of every kind, and a protocol."""
    own = Ward(quick=True)
    other = Ward("individual_external", source="ELSEWHERE", quick=True)
    whole = st.integers(0, 24).map(lambda t: t / 2)
    for ward, names in ((own, "ABCDE"), (other, "PQR")):
        for name in names:
            end = draw(whole)
            ward.person(name, until=min(end, draw(whole)), age=draw(st.sampled_from([30, 50, 70])))
            if draw(st.booleans()):
                ward.episode(name, "invasive_ventilation", end, None)
            ward.outcome(name, draw(st.sampled_from(["died", "left_hospital_alive", "seen_alive"])), end + 2)
            if draw(st.booleans()):
                ward.episode(name, "tocilizumab", draw(whole))
            if draw(st.booleans()):
                ward.episode(name, "ecmo", draw(whole), ongoing=draw(st.booleans()))
    rules = (rule("I1", value=draw(st.sampled_from([18, 40]))), rule("E1", "ecmo", "==", True, missing="include_flag"))
    lock = draw(st.none() | st.integers(6, 16).map(on))
    age = draw(st.none() | st.just(25.0))
    return protocol(*rules, treat="tocilizumab", lock=lock, age_years=age), own, other
