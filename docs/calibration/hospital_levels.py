"""Draw whole trials of the virtual hospital, take each from records to gates, and write `hospital-levels.md`.

Example:  .venv/bin/python docs/calibration/hospital_levels.py --trials 200 --workers 2
"""

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import track

from onearm.design.hospital_levels import ANSWERS, HOSPITAL_WORLDS, SIMPLE_WORLDS, TUNED, counts, twins
from onearm.estimators.exact_interval import clopper_pearson
from onearm.physiology.host.parameters import default_parameters
from onearm.physiology.host.registry_table import NOT_MODELLED, share_of_assumptions
from onearm.sources.protocol_file import read_protocol

HERE = Path(__file__).parent
STUDY = HERE.parents[1] / "examples" / "virtual-hospital"
BLOCK = 10
WORLDS = (*HOSPITAL_WORLDS, *SIMPLE_WORLDS)


def block(place, first, count, seed):
    """Place of the world and counts of a block of trials."""
    protocol = read_protocol(STUDY, [])
    return place, counts(protocol, WORLDS[place], first=first, trials=count, seed=seed)


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
    for place, one in enumerate(WORLDS):
        cells = [_cell(given[place][name], trials) for name in (*names, "refused")]
        lines.append(f"| {one.id} | {one.told} | {' | '.join(cells)} |")
    lines += [
        "",
        "Worlds A are of the mechanistic generator, worlds B of the simple one with constant hazards, "
        f"{TUNED[0]} deaths and {TUNED[1]} extubations per ventilated day at severity 0: as many dead and extubated by "
        "day 28 as in A.S0. More worlds of B: `onearm calibrate docs/calibration/levels.jsonl --levels`.",
        "",
        *_sizes(given, trials),
        "",
        *_twin_lines(trials, seed),
        "",
        f"Drawn {datetime.now(UTC):%Y-%m-%d}. Registry {default_parameters().sha256[:12]}; {share_of_assumptions()} "
        f"The disease is [calibrated](host.md). {NOT_MODELLED}",
    ]
    return "\n".join(lines) + "\n"


def _sizes(given, trials):
    """Whether the exact test rejects as often in both generators where nothing works."""
    names = [one.id for one in WORLDS]
    lines = [
        "| where nothing works, the exact test rejects | A | B | difference in Monte Carlo errors |",
        "|---|---|---|---|",
    ]
    for world in ("S0/13/150", "S0/40/600", "S1/13/150", "S1/40/600"):
        a, b = (given[names.index(f"{g}.{world}")]["exact"] / trials for g in "AB")
        error = max((a * (1 - a) + b * (1 - b)) / trials, 1e-9) ** 0.5
        lines.append(f"| {world} | {a:.0%} | {b:.0%} | {abs(a - b) / error:.1f} |")
    return lines


def _twin_lines(trials, seed):
    """What the cells of A.E did to whom."""
    lines = []
    for one in HOSPITAL_WORLDS:
        if one.id.startswith("A.E"):
            t = twins(one, trials=trials, seed=seed)
            lines.append(
                f"In {one.id} {t.saved} of {t.infused} infused lived beyond day 28 and would have died without the "
                f"cells; {t.harmed} died and would have lived."
            )
    return lines


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
        for place in range(len(WORLDS))
    ]
    given = [Counter() for _ in WORLDS]
    with ProcessPoolExecutor(asked.workers, get_context("spawn")) as pool:
        done = pool.map(block, *zip(*blocks, strict=True))
        for place, found in track(done, "blocks of trials", len(blocks), console=Console(stderr=True)):
            given[place].update(found)
    asked.out.write_text(page(given, asked.trials, asked.seed), encoding="utf-8")
    print(asked.out)


if __name__ == "__main__":
    main()
