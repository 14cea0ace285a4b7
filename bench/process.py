"""Fresh processes: how long one takes, and what one answers."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.measure import MeasureFailed, Reading

ROOT = Path(__file__).resolve().parents[1]
_LONGEST_S = 1200


def wall_seconds(command: Sequence[str]) -> float:
    """Seconds from the start of a process to its end. Raises MeasureFailed when it fails."""
    begun = time.perf_counter()
    _run(command)
    return time.perf_counter() - begun


def answer(module: str, *arguments: str) -> Any:
    """What `python -m module arguments` prints as JSON, in a process of its own."""
    return json.loads(_run([sys.executable, "-m", module, *arguments]))


def median_of(repeats: int, take: Callable[[], float]) -> Reading:
    """The median of so many readings, after one that does not count."""
    take()
    values = [take() for _ in range(repeats)]
    return Reading(statistics.median(values), min(values), max(values), repeats)


def onearm(*arguments: str) -> list[str]:
    """The installed command of this environment."""
    return [str(Path(sys.executable).with_name("onearm")), *arguments]


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
    if done.returncode:
        raise MeasureFailed(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr.strip()[-2000:]}")
    return done.stdout
