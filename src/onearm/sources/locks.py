"""`locks.jsonl` of a study folder: read with its chain verified, appended to and never rewritten."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from onearm.protocol.locks import FIRST_HASH, Act, LockEntry
from onearm.results.problems import Problem
from onearm.sources.typed_file import read_text
from onearm.vocabulary.clock import text_of

NAME = "locks.jsonl"
_REMEDY = "Bring the file back from a backup; a plan whose record is broken counts as never locked."


def read_locks(folder: Path, problems: list[Problem]) -> tuple[LockEntry, ...]:
    """Entries in order; every break of the chain is told with its line."""
    path = folder / NAME
    text = read_text(path, NAME, problems) if path.exists() else ""
    found: list[LockEntry] = []
    for line, told in enumerate((text or "").splitlines(), 1):
        try:
            raw = json.loads(told)
            entry = LockEntry(**{**raw, "action": Act(raw["action"])})
        except (ValueError, TypeError, KeyError):
            problems.append(Problem(NAME, "the line is no entry.", _REMEDY, line))
            return tuple(found)
        before = found[-1] if found else None
        fits = entry.prev_hash == (before.hash if before else FIRST_HASH) and entry.seq == line
        if not fits or entry.hash != hash_of(entry):
            problems.append(Problem(NAME, "the line was changed, or lines before it are missing.", _REMEDY, line))
            return tuple(found)
        found.append(entry)
    return tuple(found)


def append_lock(folder: Path, action: Act, values: Mapping[str, str], *, now: datetime | None = None) -> LockEntry:
    """Add one entry and bring it to the disk. Raises OSError when the folder cannot be written."""
    problems: list[Problem] = []
    entries = read_locks(folder, problems)
    if problems:
        raise OSError(0, problems[0].sentence, str(folder / NAME))
    last = entries[-1] if entries else None
    moment = text_of(now or datetime.now(UTC))
    entry = LockEntry(
        seq=len(entries) + 1,
        entered_at=max(moment, last.entered_at) if last else moment,
        action=action,
        values=dict(values),
        prev_hash=last.hash if last else FIRST_HASH,
    )
    entry = replace(entry, hash=hash_of(entry))
    with (folder / NAME).open("a", encoding="utf-8", newline="\n") as file:
        file.write(_canonical(asdict(entry)) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return entry


def hash_of(entry: LockEntry) -> str:
    """SHA-256 of the canonical JSON of everything but the hash itself."""
    body = {k: v for k, v in asdict(entry).items() if k != "hash"}
    return hashlib.sha256(_canonical(body).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
