"""A study folder in memory: protocol, series or records, comparators, claims; the problems of all files at once."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from onearm.protocol.inputs import SimilarCases, StudyInputs
from onearm.protocol.study import Protocol
from onearm.records import Records
from onearm.results.problems import Problem, StudyProblems
from onearm.sources.import_files import SOURCE_FILE
from onearm.sources.protocol_file import NAME as PROTOCOL
from onearm.sources.protocol_file import read_protocol
from onearm.sources.publications import NAME_FORM, read_cohorts, read_sentences, read_trials
from onearm.sources.reported import NAME as REPORTED
from onearm.sources.reported import read_reported
from onearm.sources.similar_cases import MAPPING_FILE, read_similar_cases
from onearm.sources.study_records import RECORDS, read_study_records

COMPARATORS = "comparators"
CLAIMS = "claims.csv"
PUBLISHED, TRIALS = f"{COMPARATORS}/published.csv", f"{COMPARATORS}/trials.csv"
_START = "`onearm new STUDY` writes a folder to start from."


def read_study(folder: Path) -> StudyInputs:
    """Everything a run reads, validated. Raises StudyProblems with every problem of every file; nothing is written."""
    problems, to_confirm = list[Problem](), list[Problem]()
    if not folder.is_dir():
        raise StudyProblems([Problem(str(folder), "is not a study folder: it is not there.", _START)])
    protocol = read_protocol(folder, problems)
    virtual = protocol is not None and protocol.study.virtual
    has_series, has_records = (folder / REPORTED).exists(), (folder / RECORDS).is_dir()
    if not has_series and not has_records and not (folder / TRIALS).exists():
        told = f"neither {REPORTED} nor {RECORDS}/: there is nobody to study."
        problems.append(Problem(folder.name + "/", told, _START))
    series = read_reported(folder, problems) if has_series else None
    records = _records(folder, f"{RECORDS}/", virtual, problems, to_confirm) if has_records else None
    published, trials, claims = folder / PUBLISHED, folder / TRIALS, folder / CLAIMS
    cohorts = read_cohorts(published, PUBLISHED, problems) if published.exists() else ()
    reports = read_trials(trials, TRIALS, problems) if trials.exists() else ()
    sentences = read_sentences(claims, CLAIMS, problems) if claims.exists() else ()
    similar = tuple(_similar(folder, virtual, problems, to_confirm))
    if protocol is not None:
        _check_comparators(protocol, {c.cohort for c in cohorts}, {s.name for s in similar}, problems)
    if problems or protocol is None:
        raise StudyProblems(problems)
    files = {name: _sha256(folder / name) for name in _input_files(folder)}
    return StudyInputs(protocol, series, records, similar, cohorts, reports, sentences, files, tuple(to_confirm))


def _records(
    folder: Path, place: str, virtual: bool, problems: list[Problem], to_confirm: list[Problem]
) -> Records | None:
    return read_study_records(folder, virtual=virtual, place=place, problems=problems, to_confirm=to_confirm)


def _similar(folder: Path, virtual: bool, problems: list[Problem], to_confirm: list[Problem]) -> Iterator[SimilarCases]:
    """Every folder under comparators/ that describes or holds patients."""
    where = folder / COMPARATORS
    for one in sorted(p for p in where.iterdir() if p.is_dir()) if where.is_dir() else ():
        place = f"{COMPARATORS}/{one.name}/"
        if not NAME_FORM.fullmatch(one.name):
            told = "the name of the folder becomes part of an id."
            problems.append(Problem(place, told, "Use small letters, digits and _ only."))
            continue
        records = _similar_records(one, place, virtual, problems, to_confirm)
        if records is not None:
            found = _described(one.name, records, place, problems)
            if found is not None:
                yield found


def _similar_records(
    one: Path, place: str, virtual: bool, problems: list[Problem], to_confirm: list[Problem]
) -> Records | None:
    if (one / RECORDS).is_dir():
        return _records(one, f"{place}{RECORDS}/", virtual, problems, to_confirm)
    try:
        return read_similar_cases(one)
    except StudyProblems as found:
        own = f"{one.name}/"
        problems.extend(Problem(place + p.file.removeprefix(own), p.sentence, p.remedy, p.line) for p in found.problems)
        return None


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


def _check_comparators(protocol: Protocol, cohorts: set[str], similar: set[str], problems: list[Problem]) -> None:
    known = cohorts | similar | {"own records"}
    for comparator in protocol.comparator:
        if comparator.name not in known:
            told = f"[[comparator]] {comparator.name!r} is neither a cohort of published.csv nor a folder."
            problems.append(Problem(PROTOCOL, told, "Known here: " + ", ".join(sorted(known)) + "."))
        elif (comparator.name in cohorts) != (comparator.kind == "aggregate"):
            right = "aggregate" if comparator.name in cohorts else "patients"
            problems.append(
                Problem(PROTOCOL, f"[[comparator]] {comparator.name} is {right}.", f'Write kind = "{right}".')
            )


def _input_files(folder: Path) -> Iterator[str]:
    """Names of the files a run reads, in order."""
    yield from (n for n in (PROTOCOL, REPORTED, CLAIMS, PUBLISHED, TRIALS) if (folder / n).exists())
    tables = [folder / RECORDS]
    where = folder / COMPARATORS
    for one in sorted(p for p in where.iterdir() if p.is_dir()) if where.is_dir() else ():
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
