"""The file of a calibration: a header, then one JSON line per finished block of trials.

A block is a cell, its first trial and how many. A last line that was cut while writing is dropped.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onearm import __version__
from onearm.design.tally import Tally, from_plain, pooled, to_plain

SCHEMA = "onearm.calibration/1"


class CalibrationProblem(ValueError):
    """A file that cannot be gone on with: says why and what to do."""


@dataclass(frozen=True, slots=True)
class Header:
    """What every block of a file has in common."""

    seed: int
    analyses: tuple[str, ...]
    onearm: str = __version__
    schema: str = SCHEMA

    def line(self) -> str:
        """As JSON."""
        return _line({"schema": self.schema, "onearm": self.onearm, "seed": self.seed, "analyses": list(self.analyses)})


@dataclass(frozen=True, slots=True)
class Block:
    """What was kept of trials `first` to `first + count - 1` of a cell."""

    cell: str
    settings_sha256: str
    first: int
    count: int
    tallies: Mapping[str, Tally] = field(default_factory=dict)

    def line(self) -> str:
        """As JSON."""
        told = {name: to_plain(t) for name, t in sorted(self.tallies.items())}
        plain = {"cell": self.cell, "settings": self.settings_sha256, "first": self.first, "count": self.count}
        return _line(plain | {"tallies": told})


@dataclass(frozen=True, slots=True)
class Calibration:
    """A file as read."""

    header: Header
    blocks: tuple[Block, ...]

    def cells(self) -> tuple[str, ...]:
        """Ids of the cells with at least one block, in order of their first one."""
        return tuple(dict.fromkeys(b.cell for b in self.blocks))

    def replicates(self, cell: str) -> int:
        """Trials done of a cell."""
        return sum(b.count for b in self.blocks if b.cell == cell)

    def pooled(self, cell: str) -> dict[str, Tally]:
        """All blocks of a cell together: whole numbers, so neither their order nor their size matters."""
        parts: dict[str, list[Tally]] = {}
        for block in self.blocks:
            if block.cell == cell:
                for name, tally in block.tallies.items():
                    parts.setdefault(name, []).append(tally)
        return {name: pooled(found) for name, found in sorted(parts.items())}


def read_calibration(path: Path) -> Calibration:
    """Raises CalibrationProblem for a file of another kind or with a broken line before the last."""
    lines = path.read_text(encoding="utf-8").split("\n")
    whole = lines[:-1]  # what follows the last line break was cut, or is nothing
    try:
        head = json.loads(whole[0]) if whole else {}
        header = Header(head["seed"], tuple(head["analyses"]), head["onearm"], head["schema"])
    except (ValueError, KeyError, TypeError) as error:
        raise CalibrationProblem(f"{path.name}, line 1 is no header of a calibration. Give another file.") from error
    if header.schema != SCHEMA:
        raise CalibrationProblem(f"{path.name} has schema {header.schema}, not {SCHEMA}. Give another file.")
    return Calibration(header, tuple(_block(path, number, text) for number, text in enumerate(whole[1:], 2)))


def open_for_more(path: Path, header: Header) -> Calibration:
    """What is there already; a new file where there is none, the cut last line of an old one taken off.

    Raises CalibrationProblem when the file was made with another seed, version or list of analyses.
    """
    old = path.read_bytes() if path.exists() else b""
    if header.line().encode().startswith(old):  # nothing yet, or cut within the header
        path.write_text(header.line(), encoding="utf-8", newline="\n")
        return Calibration(header, ())
    found = read_calibration(path)
    for name in ("seed", "onearm", "analyses"):
        was, now = getattr(found.header, name), getattr(header, name)
        if was != now:
            raise CalibrationProblem(
                f"{path.name} was made with {name} {was}, not {now}. Give a new file, or run with what made it."
            )
    whole = old.rindex(b"\n") + 1
    if whole < len(old):
        os.truncate(path, whole)
    return found


def check_settings(found: Calibration, sha256: Mapping[str, str]) -> None:
    """Raises CalibrationProblem when a cell was drawn with other settings than it has now."""
    for block in found.blocks:
        if block.cell in sha256 and block.settings_sha256 != sha256[block.cell]:
            raise CalibrationProblem(f"the settings of {block.cell} are not those of the file. Give a new file.")


def missing(found: Calibration, cell: str, replicates: int, block: int) -> Sequence[tuple[int, int]]:
    """(first, count) of the blocks still to do of a cell, cut at multiples of `block`."""
    done = sorted((b.first, b.first + b.count) for b in found.blocks if b.cell == cell)
    gaps, at = [], 0
    for first, end in [*done, (replicates, replicates)]:
        while at < min(first, replicates):
            until = min(first, replicates, at - at % block + block)
            gaps.append((at, until - at))
            at = until
        at = max(at, end)
    return gaps


def _block(path: Path, number: int, text: str) -> Block:
    try:
        plain = json.loads(text)
        told = {name: from_plain(t) for name, t in plain["tallies"].items()}
        return Block(plain["cell"], plain["settings"], plain["first"], plain["count"], told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{path.name}, line {number} is no block of a calibration. Take the line out and run again."
        raise CalibrationProblem(said) from error


def _line(plain: Mapping[str, Any]) -> str:
    return json.dumps(plain, sort_keys=True, separators=(",", ":")) + "\n"
