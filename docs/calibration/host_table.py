"""Draw the table of the calibration of the disease: rows of the prior and what each would have shown.

Example:  .venv/bin/python docs/calibration/host_table.py --rows 16000 --out build/host-table.npz
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from onearm.physiology.calibration.calibrate import counted_rows, prior_shares
from onearm.physiology.purpose import Purpose

SEED = 20201125
BLOCK = 50


def block(first, seed):
    """Shares of the prior and targets of a block of rows."""
    rows = np.arange(first, first + BLOCK)
    shares = prior_shares(seed, rows)
    return shares, counted_rows(seed, rows, shares, purpose=Purpose.METHOD_VALIDATION)


def main():
    """Draw and write."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--rows", type=int, default=16_000)
    told.add_argument("--seed", type=int, default=SEED)
    told.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    told.add_argument("--out", type=Path, default=Path("build/host-table.npz"))
    asked = told.parse_args()
    first = range(0, asked.rows, BLOCK)
    with ProcessPoolExecutor(asked.workers, get_context("spawn")) as pool:
        done = pool.map(block, first, [asked.seed] * len(first))
        found = list(track(done, "blocks of the prior", len(first), console=Console(stderr=True)))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        asked.out, shares=np.concatenate([s for s, _ in found]), shown=np.concatenate([c for _, c in found])
    )
    print(asked.out)


if __name__ == "__main__":
    main()
