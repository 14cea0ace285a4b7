"""Draw whole trials of the virtual hospital, take each from records to gates, and write `hospital-levels.md`.

Example:  .venv/bin/python docs/calibration/hospital_levels.py --trials 200 --workers 2
"""

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import track

from onearm.design.hospital_levels import ANSWERS, HOSPITAL_WORLDS, counts
from onearm.estimators.exact_interval import clopper_pearson
from onearm.physiology.parameters import default_parameters
from onearm.physiology.registry_table import NOT_MODELLED, share_of_assumptions
from onearm.sources.protocol_file import read_protocol

HERE = Path(__file__).parent
STUDY = HERE.parents[1] / "examples" / "virtual-hospital"
BLOCK = 10


def block(place, first, count, seed):
    """Place of the world and counts of a block of trials."""
    protocol = read_protocol(STUDY, [])
    return place, counts(protocol, HOSPITAL_WORLDS[place], first=first, trials=count, seed=seed)


def page(given, trials, seed):
    """The table in words."""
    names = [name for name in ANSWERS if name != "refused"]
    lines = [
        "# What the pipeline answers in virtual hospitals",
        "",
        f"{trials} trials of each world, seed {seed}, from records to gates: "
        f"`python docs/calibration/hospital_levels.py --trials {trials}`. Percent of the trials, with exact 95 % "
        "limits. World/treated/similar patients.",
        "",
        *(f"- **{name}**: {told}" for name, told in ANSWERS.items() if name in names),
        "",
        f"| world | what is true | {' | '.join(names)} | refused |",
        f"|---|---|{'---|' * (len(names) + 1)}",
    ]
    for place, one in enumerate(HOSPITAL_WORLDS):
        cells = [_cell(given[place][name], trials) for name in (*names, "refused")]
        lines.append(f"| {one.id} | {one.told} | {' | '.join(cells)} |")
    lines += [
        "",
        "The simple multistate generator, in the same words and more worlds: "
        "`onearm calibrate docs/calibration/levels.jsonl --levels`.",
        "",
        f"Registry {default_parameters().sha256[:12]}; {share_of_assumptions()} The disease is calibrated: "
        f"[host](host.md). {NOT_MODELLED}",
    ]
    return "\n".join(lines) + "\n"


def _cell(k, n):
    low, high = clopper_pearson(k, n)
    return f"{100 * k / n:.0f} ({100 * low:.0f}-{100 * high:.0f})"


def main():
    """Draw, count, write."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--trials", type=int, default=200)
    told.add_argument("--seed", type=int, default=20201125)
    told.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    told.add_argument("--out", type=Path, default=HERE / "hospital-levels.md")
    asked = told.parse_args()
    blocks = [
        (place, first, min(BLOCK, asked.trials - first), asked.seed)
        for first in range(0, asked.trials, BLOCK)
        for place in range(len(HOSPITAL_WORLDS))
    ]
    given = [Counter() for _ in HOSPITAL_WORLDS]
    with ProcessPoolExecutor(asked.workers, get_context("spawn")) as pool:
        done = pool.map(block, *zip(*blocks, strict=True))
        for place, found in track(done, "blocks of trials", len(blocks), console=Console(stderr=True)):
            given[place].update(found)
    asked.out.write_text(page(given, asked.trials, asked.seed), encoding="utf-8")
    print(asked.out)


if __name__ == "__main__":
    main()
