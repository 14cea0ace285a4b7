"""A study folder in memory: protocol, series or records, comparators, claims; the problems of all files at once."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from onearm.protocol.inputs import SimilarCases, StudyInputs
from onearm.protocol.study import Protocol
from onearm.records import Records
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.import_files import SOURCE_FILE
from onearm.sources.locks import read_locks
from onearm.sources.protocol_file import NAME as PROTOCOL
from onearm.sources.protocol_file import read_protocol
from onearm.sources.publications import NAME_FORM, read_cohorts, read_sentences, read_trials
from onearm.sources.reported import NAME as REPORTED
from onearm.sources.reported import read_reported
from onearm.sources.similar_cases import MAPPING_FILE, read_similar_cases
from onearm.sources.study_records import RECORDS, read_study_records
from onearm.sources.typed_file import line_of
from onearm.sources.value_faults import near

COMPARATORS = "comparators"
OWN = "own records"  # a comparator: the untreated patients of records/
CLAIMS = "claims.csv"
PUBLISHED, TRIALS = f"{COMPARATORS}/published.csv", f"{COMPARATORS}/trials.csv"
_KINDS = {"aggregate": "a cohort of published.csv", "patients": "a group of patients"}
_START = "`onearm new STUDY` writes a folder to start from."


def read_study(folder: Path) -> StudyInputs:
    """Everything a run reads, validated. Raises StudyProblems with every problem of every file; nothing is written."""
    problems, to_confirm = list[Problem](), list[Problem]()
    if not folder.is_dir():
        told = "it is a file." if folder.exists() else "it is not there."
        raise StudyProblems([Problem(str(folder), f"is not a study folder: {told}", _START)])
    protocol = read_protocol(folder, problems)
    virtual = None if protocol is None else protocol.study.virtual
    has_series, has_records = (folder / REPORTED).exists(), (folder / RECORDS).is_dir()
    if not has_series and not has_records and not (folder / TRIALS).exists():
        told = f"neither {REPORTED} nor {RECORDS}/: there is nobody to study."
        problems.append(Problem(f"{folder.resolve().name}/", told, _START))
    series = read_reported(folder, problems) if has_series else None
    records = _records(folder, f"{RECORDS}/", virtual, problems, to_confirm) if has_records else None
    published, trials, claims = folder / PUBLISHED, folder / TRIALS, folder / CLAIMS
    cohorts = read_cohorts(published, PUBLISHED, problems) if published.exists() else ()
    reports = read_trials(trials, TRIALS, problems) if trials.exists() else ()
    sentences = read_sentences(claims, CLAIMS, problems) if claims.exists() else ()
    similar = tuple(_similar(folder, virtual, problems, to_confirm))
    locks = read_locks(folder, problems)
    if protocol is not None:
        known = {c.cohort: "aggregate" for c in cohorts}
        known |= dict.fromkeys((f.name for f in _similar_folders(folder)), "patients")
        known |= {OWN: "patients"} if has_records else {}
        _check_comparators(folder, protocol, known, problems)
    if problems or protocol is None:
        raise StudyProblems(problems)
    files = {name: _sha256(folder / name) for name in _input_files(folder)}
    return StudyInputs(protocol, series, records, similar, cohorts, reports, sentences, files, locks, tuple(to_confirm))


def _records(
    folder: Path, place: str, virtual: bool | None, problems: list[Problem], to_confirm: list[Problem]
) -> Records | None:
    return read_study_records(folder, virtual=virtual, place=place, problems=problems, to_confirm=to_confirm)


def _similar_folders(folder: Path) -> list[Path]:
    """The folders under comparators/, those that a tool left there (.git, __pycache__) aside."""
    where = folder / COMPARATORS
    return sorted(p for p in where.iterdir() if p.is_dir() and p.name[0] not in "._") if where.is_dir() else []


def _similar(
    folder: Path, virtual: bool | None, problems: list[Problem], to_confirm: list[Problem]
) -> Iterator[SimilarCases]:
    """Every folder under comparators/ that describes or holds patients."""
    for one in _similar_folders(folder):
        place = f"{COMPARATORS}/{one.name}/"
        if not NAME_FORM.fullmatch(one.name):
            told = "its name becomes part of an id."
            problems.append(Problem(place, told, "Use small letters, digits and _ only."))
            continue
        records = _similar_records(one, place, virtual, problems, to_confirm)
        if records is not None:
            found = _described(one.name, records, place, problems)
            if found is not None:
                yield found


def _similar_records(
    one: Path, place: str, virtual: bool | None, problems: list[Problem], to_confirm: list[Problem]
) -> Records | None:
    if (one / RECORDS).is_dir():
        return _records(one, f"{place}{RECORDS}/", virtual, problems, to_confirm)
    try:
        records = read_similar_cases(one)
    except StudyProblems as found:
        files = {f"{one.name}/": "", "sources": SOURCE_FILE}
        problems.extend(
            Problem(place + files.get(p.file, p.file), p.sentence, p.remedy, p.line) for p in found.problems
        )
        return None
    if virtual:
        told = "real patients beside a virtual study."
        problems.append(Problem(place, told, "Keep virtual and real patients in different folders."))
        return None
    return records


def _described(name: str, records: Records, place: str, problems: list[Problem]) -> SimilarCases | None:
    sources = records["sources"]
    if sources.height != 1:
        told = f"{sources.height} sources in one folder of similar cases."
        problems.append(Problem(f"{place}{RECORDS}/sources.csv", told, "Keep one source per folder."))
        return None
    row = sources.row(0, named=True)
    return SimilarCases(
        name=name,
        source_id=row["source_id"],
        title=row["title"],
        clock=str(row["clock_start"]),
        country=row["country"],
        dates=_dates(records, row),
        licence=row["licence"],
        population=row["population"],
        records=records,
    )


def _dates(records: Records, source: dict[str, object]) -> str:
    """ "2020-03 to 2020-05" from the months of arrival, else from the dates of the source; "" when neither is known."""
    months = records["subjects"]["calendar_month"].drop_nulls().sort()
    ends = [months[0], months[-1]] if len(months) else [source["first_date"], source["last_date"]]
    told = [str(e)[:7] for e in ends if e is not None]
    return " to ".join(dict.fromkeys(told))


def _check_comparators(folder: Path, protocol: Protocol, known: Mapping[str, str], problems: list[Problem]) -> None:
    """Every [[comparator]] names something that is there, of its kind; `known` gives the kind of each name."""
    rows_fell = any(p.file == PUBLISHED for p in problems)
    for k, comparator in enumerate(protocol.comparator):
        kind = known.get(comparator.name)
        if kind is None and rows_fell:
            continue  # it may be one of the rows that could not be read
        line = line_of(folder / PROTOCOL, ("comparator", k, "name" if kind is None else "kind"))
        if kind is None:
            told = f'[[comparator]] "{comparator.name}" is no row of published.csv and no folder.'
            close = near(comparator.name, list(known))
            remedy = f"Did you mean {close}?" if close else f"Known here: {', '.join(known) or 'nothing'}."
            if comparator.name == OWN:
                told = f'[[comparator]] "{OWN}": there is no {RECORDS}/.'
                remedy = "`onearm import` writes it; or name another comparator."
            problems.append(Problem(PROTOCOL, told, remedy, line))
        elif comparator.kind != kind:
            told = f'[[comparator]] "{comparator.name}" is {_KINDS[kind]}.'
            problems.append(Problem(PROTOCOL, told, f'Write kind = "{kind}".', line))


def _input_files(folder: Path) -> Iterator[str]:
    """Names of the files a run reads, in order."""
    yield from (n for n in (PROTOCOL, REPORTED, CLAIMS, PUBLISHED, TRIALS) if (folder / n).exists())
    tables = [folder / RECORDS]
    for one in _similar_folders(folder):
        if (one / RECORDS).is_dir():
            tables.append(one / RECORDS)
        elif (one / MAPPING_FILE).exists() or (one / SOURCE_FILE).exists():
            yield from (f.relative_to(folder).as_posix() for f in sorted(one.iterdir()) if f.is_file())
    for place in tables:
        if place.is_dir():
            found = (f for f in sorted(place.iterdir()) if f.suffix in (".csv", ".parquet"))
            yield from (f.relative_to(folder).as_posix() for f in found)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
