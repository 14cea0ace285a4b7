"""Everything a run reads, already validated: the left end of the one-way flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from onearm.protocol.locks import LockEntry
from onearm.protocol.published import PublicSentence, PublishedCohort, ReportedTrial
from onearm.protocol.reported import ReportedSeries
from onearm.protocol.study import Protocol
from onearm.records import Records
from onearm.results.problems import Problem


@dataclass(frozen=True, slots=True)
class SimilarCases:
    """Patients of another source, as Records. `clock` is the event that starts their day zero."""

    name: str  # folder under comparators/
    source_id: str
    title: str
    clock: str  # clock_start of its source: severe_state is not "ventilated"
    country: str
    dates: str
    licence: str
    population: str
    records: Records


@dataclass(frozen=True, slots=True)
class StudyInputs:
    """A study folder in memory. `series` for a publication, `records` for a study with patients of its own."""

    protocol: Protocol
    series: ReportedSeries | None = None
    records: Records | None = None
    similar: tuple[SimilarCases, ...] = ()
    cohorts: tuple[PublishedCohort, ...] = ()
    trials: tuple[ReportedTrial, ...] = ()
    sentences: tuple[PublicSentence, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)  # file name in the folder -> sha256
    locks: tuple[LockEntry, ...] = ()  # what was frozen and when outcomes were read
    to_confirm: tuple[Problem, ...] = ()  # possible but rare: told by `check`, stops nothing
