"""A million similar cases grown from the Israeli file: rows repeated, ids fresh."""

import shutil
from pathlib import Path

from bench.process import ROOT

SHIPPED = ROOT / "examples" / "balmys19" / "comparators" / "israel"
FILE = "israel_covid_hospitalised.csv"


def grow(folder: Path, rows: int) -> None:
    """Write the file with so many rows into `folder`, with its mapping.toml and source.toml."""
    for name in ("mapping.toml", "source.toml"):
        shutil.copyfile(SHIPPED / name, folder / name)
    header, *lines = (SHIPPED / FILE).read_text(encoding="utf-8").splitlines()
    assert header.startswith("id,")
    cells = [line.partition(",")[2] for line in lines]  # all but the id, which comes first and is never quoted
    with (folder / FILE).open("w", encoding="utf-8") as out:
        out.write(header + "\n")
        out.writelines(f"{i + 1},{cells[i % len(cells)]}\n" for i in range(rows))
