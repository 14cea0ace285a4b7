"""Calibrate the disease from the table of `host_table.py`, check the calibration, and write `host.md`.

Example:  .venv/bin/python docs/calibration/host.py --table build/host-table.npz
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from onearm.physiology.calibration.approximate_posterior import KEPT, posterior, rank_p, ranks, table_of, tails
from onearm.physiology.calibration.calibrate import CALIBRATED, counted_rows
from onearm.physiology.calibration.published_picture import ENTRIES, PATIENTS, published_picture
from onearm.physiology.calibration.single_arm_ridge import joined, ridge_draws, single_arm
from onearm.physiology.calibration.targets import TARGETS
from onearm.physiology.calibration.uncontrolled import Entry
from onearm.physiology.host.parameters import default_parameters
from onearm.physiology.host.registry_table import NOT_MODELLED, STATEMENT, share_of_assumptions
from onearm.physiology.purpose import Purpose
from onearm.physiology.randomness import Key
from onearm.report.ridge import ridge

HERE = Path(__file__).parent
SEED = 20201126  # of what is drawn here; that of the table is its own
COHORTS = 400
PREDICTED = 400
PICTURES = 300
GROUPS = 12_000
DEAD, EXTUBATED = 2, 7
BLOCK = 50
CHECK = Purpose.METHOD_VALIDATION


PAGE = """# Calibration of the disease

{statement} {assumptions} {not_modelled}

Drawn {today}. `python docs/calibration/host_table.py --rows {rows}` (seed 20201125) draws the prior and what each draw
would have shown; `python docs/calibration/host.py` (seed {seed}) does the rest. {within} of {rows} rows lie within the
prior: at least a quarter of the persons with inflammation come to ventilation.

The targets are published aggregates of patients without cells, never a person, never a quoted mortality, never an
outcome of BALMYS-19. The nearest {kept} of the rows, by the predicted mean of each parameter, are weighted and moved
along a local regression ([decision 020](../decisions/020-one-table-for-every-posterior.md)).

## What the targets tell of the parameters

{calibrated}

Ranks: {cohorts} rows of the table taken as if observed, each true value ranked among 99 draws of its own posterior; p
of the chi-square of 20 bins. Below .01 the procedure would be wrong. A ratio near 1: the targets say nothing of that
parameter, and its prior stands.

## Whether the calibrated disease shows the targets

{targets}

Two published cohorts of the same weeks, 54 % and 20 % dead, are hospitals that differ: the spread between hospitals is
calibrated, not one mean for both. The sources were read by whoever collected the facts, most of them in the abstract.

## The 13 of BALMYS-19, of whom nothing was used

{drawn} posterior draws, four hospitals each, nothing works, 60 % are given a corticosteroid: groups of {patients} who
were still ventilated when treated, followed 3 to 35 days (16 on average).

{pictures}

The simple multistate generator gives both in 18 % of the groups treated at random and in 35 % of those where the less
severe are treated (`tests/physiology/test_multistate_generator.py`). Here patients who do not heal stay on the
ventilator, are treated for that, and few are extubated. How rare the published picture is without any effect hangs on
the disease and on who is treated when: 13 patients without controls tell neither.

## What 13 patients without controls tell of the effect

Status: `{arm.status}`. {arm.draws} groups of {patients} were drawn with the greatest effect uniform over the whole
range; {arm.kept} of them ended with {arm.dead} dead and {arm.extubated} extubated. Before, {prior_above} had an effect
in the upper half of the range, after it {kept_above}. SD after over before: {narrow}. No estimate of the effect is
given, because the data do not hold one: a strong effect in a lasting disease and none in one that heals look the same.

{ridges}
"""


def predict(first, shares):
    """Targets as posterior draws show them."""
    return counted_rows(SEED, np.arange(first, first + len(shares)), shares, purpose=CHECK)


def picture(place, shares):
    """One way of entry over posterior draws."""
    return published_picture(shares, ENTRIES[place], seed=SEED, purpose=CHECK)


def arms(first, shares):
    """Groups of 13 for the ridge."""
    return ridge_draws(shares, Entry("at random"), seed=SEED, first=first, purpose=CHECK)


def run(pool, function, blocks, what):
    """Results of all blocks, in order."""
    done = pool.map(function, *zip(*blocks, strict=True))
    return list(track(done, what, len(blocks), console=Console(stderr=True)))


def split(shares, first=0):
    """Blocks of rows."""
    return [(first + i, shares[i : i + BLOCK]) for i in range(0, len(shares), BLOCK)]


def of_prior(shares):
    """Values of the parameters at shares of the prior."""
    return [float(c.of(np.asarray(s))) for c, s in zip(CALIBRATED, shares, strict=True)]


def calibrated_lines(found, chances):
    """The posterior of each parameter, how much narrower it is, and the ranks."""
    low, middle, high = (of_prior(found.quantile(q)) for q in (0.05, 0.5, 0.95))
    used = default_parameters()
    lines = [
        "| parameter | prior, uniform | posterior: median (90 %) | SD, posterior over prior | used | ranks, p |",
        "|---|---|---|---|---|---|",
    ]
    for i, c in enumerate(CALIBRATED):
        record = used.records[used.column(c.symbol)]
        value = record.spread if c.symbol == "site_death" else record.value
        scale = " of the log" if c.log else ""
        narrow = found.spread[i] * np.sqrt(12)
        lines.append(
            f"| {c.symbol}: {record.name}{', SD' if c.symbol == 'site_death' else ''} | {c.low:g} to {c.high:g}{scale} "
            f"| {middle[i]:.2f} ({low[i]:.2f} to {high[i]:.2f}) | {narrow:.2f} | {value:g} | {chances[i]:.2f} |"
        )
    return lines


def target_lines(shown, observed):
    """Every target beside what posterior draws show."""
    lines = [
        "| target | published | posterior draws: median (90 %) | two-sided tail | source |",
        "|---|---|---|---|---|",
    ]
    tail = tails(shown, observed)
    for i, target in enumerate(TARGETS):
        low, middle, high = np.quantile(shown[:, i], [0.05, 0.5, 0.95])
        lines.append(
            f"| {target.name} | {target.value:.3g} {target.unit if target.unit != '1' else ''} (n {target.patients}) "
            f"| {middle:.3g} ({low:.3g} to {high:.3g}) | {tail[i]:.2f} | {target.source} |"
        )
    return lines


def picture_lines(pictures):
    """The published 13 beside groups to whom nothing was given."""
    lines = [
        "| who is treated | groups | 2 or fewer dead | 7 or more extubated | both | dead | extubated |",
        "|---|---|---|---|---|---|---|",
    ]
    for p in pictures:
        lines.append(
            f"| {p.entry} | {p.groups} | {p.few_dead:.2f} | {p.many_extubated:.2f} | {p.both:.3f} "
            f"| {p.mean_dead:.0%} | {p.mean_extubated:.0%} |"
        )
    return lines


def page(rows, within, found, chances, shown, pictures, arm):
    """All in words."""
    return PAGE.format(
        statement=STATEMENT,
        assumptions=share_of_assumptions(),
        not_modelled=NOT_MODELLED,
        today=f"{datetime.now(UTC):%Y-%m-%d}",
        seed=SEED,
        rows=rows,
        within=within,
        kept=f"{KEPT:.0%}",
        calibrated="\n".join(calibrated_lines(found, chances)),
        cohorts=COHORTS,
        targets="\n".join(target_lines(shown, np.array([t.value for t in TARGETS]))),
        drawn=PICTURES,
        patients=PATIENTS,
        pictures="\n".join(picture_lines(pictures)),
        arm=arm,
        prior_above=f"{arm.prior_above:.0%}",
        kept_above=f"{arm.kept_above:.0%}",
        narrow=", ".join(f"{name} {ratio:.2f}" for name, ratio in arm.narrowing),
        ridges="\n".join(f"![{r.x_name} against {r.y_name}](ridge-{i + 1}.svg)" for i, r in enumerate(arm.ridges)),
    )


def main():
    """Read the table, check, write."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--table", type=Path, default=Path("build/host-table.npz"))
    told.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    asked = told.parse_args()
    read = np.load(asked.table)
    table = table_of(read["shares"], read["shown"])
    observed = np.array([t.value for t in TARGETS])
    found = posterior(table, observed)
    chances = rank_p(ranks(table, np.arange(COHORTS), Key(SEED, 0)))
    drawn = found.draws(GROUPS, Key(SEED, 1))
    with ProcessPoolExecutor(asked.workers, get_context("spawn")) as pool:
        shown = np.concatenate(run(pool, predict, split(drawn[:PREDICTED]), "targets"))
        pictures = run(pool, picture, [(place, drawn[:PICTURES]) for place in range(len(ENTRIES))], "pictures")
        groups = joined(run(pool, arms, split(drawn), "groups of 13"))
    arm = single_arm(groups, DEAD, EXTUBATED)
    for place, one in enumerate(arm.ridges):
        (HERE / f"ridge-{place + 1}.svg").write_text(ridge(one), encoding="utf-8")
    shown = shown[np.isfinite(shown).all(axis=1)]
    text = page(len(read["shares"]), len(table.shares), found, chances, shown, pictures, arm)
    (HERE / "host.md").write_text(text, encoding="utf-8")
    print(HERE / "host.md")


if __name__ == "__main__":
    main()
