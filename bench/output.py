"""build/bench.json, which keeps what was not run again, and the table a person reads."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.measure import Measure, Reading, Row

_DIGITS = 4  # significant


def merged(old: Sequence[dict[str, Any]], new: Iterable[Row]) -> list[dict[str, Any]]:
    """The old entries in their order, each that was run again replaced in its place, new ones at the end."""
    by_id = {entry["id"]: entry for entry in old}
    by_id.update({row.id: asdict(row) for row in new})
    return list(by_id.values())


def write(path: Path, rows: Iterable[Row]) -> None:
    """Bring `rows` into the file, in one step."""
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(merged(old, rows), indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def table(title: str, taken: Sequence[tuple[Measure, Reading, Row]]) -> Table:
    """One line a benchmark: the number with its lowest and highest, its target, the peer, how many times better."""
    made = Table(title=title, title_justify="left", caption_justify="left")
    for head in ("id", "value", "runs", "target", "peer", "ratio"):
        made.add_column(head, justify="left" if head in ("id", "peer", "runs") else "right", overflow="fold")
    for measure, reading, row in taken:
        peer = "" if row.peer_value is None else f"{shown(row.peer_value)} {row.unit}: {row.peer}"
        times_better = "" if row.ratio is None else shown(row.ratio)
        made.add_row(measure.id, f"{shown(row.value)} {row.unit}", _spread(reading), measure.target, peer, times_better)
    return made


def shown(value: float) -> str:
    """Four significant digits, thousands set apart; an exponent only where nothing else would be left."""
    if 0 < abs(value) < 10 ** (1 - _DIGITS):
        return f"{value:.1e}"
    if abs(value) >= 10 ** (_DIGITS - 1):
        return f"{value:,.0f}"
    return f"{value:#.{_DIGITS}g}" if abs(value) >= 1 else f"{value:.{_DIGITS}f}"


def _spread(reading: Reading) -> str:
    if reading.repeats == 1:
        return reading.note or "1 run"
    spread = f"{reading.repeats} runs, {shown(reading.lowest)} to {shown(reading.highest)}"
    return f"{spread}; {reading.note}" if reading.note else spread
