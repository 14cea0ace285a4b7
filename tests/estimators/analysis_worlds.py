"""Small analysis sets for the tests of this folder: from tuples, and Stanford built by hand."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from onearm.cohort.analysis_set import NEVER, PEOPLE, SETS, AnalysisSet

REFERENCES = Path(__file__).parents[1] / "references"


def patient(name, *, end, event, start=NEVER, potential=NEVER, spell=NEVER):
    """One row of `people`; spell NEVER: the first spell lasts as long as the follow-up."""
    return {
        "person": name,
        "source": "ward",
        "centre": "A",
        "zero_date": None,
        "start_day": start,
        "spell_days": end if spell == NEVER and event != 0 else spell,
        "end_day": end,
        "event": event,
        "potential_days": potential,
    }


def world(*people, horizon=28, same_day="index", pairs=None):
    """AnalysisSet of those patients; sets by day alone unless `pairs` of names are given."""
    table = pl.DataFrame(list(people), schema=PEOPLE)
    if pairs is None:
        pairs = [
            (i["person"], j["person"])
            for i in people
            for j in people
            if i["start_day"] < NEVER and j["end_day"] >= i["start_day"] and j["start_day"] > i["start_day"]
        ]
    row = {p["person"]: k for k, p in enumerate(people)}
    treated = sorted(p["person"] for p in people if p["start_day"] < NEVER)
    number = {name: k for k, name in enumerate(treated)}
    rows = [{"set_id": number[i], "treated": row[i], "control": row[j]} for i, j in pairs]
    alone = [i for i in treated if i not in {pair[0] for pair in pairs}]
    rows += [{"set_id": number[i], "treated": row[i], "control": None} for i in alone]
    return AnalysisSet(table, pl.DataFrame(rows, schema=SETS), horizon, same_day, "0" * 64)


def shuffled(data, seed):
    """The same set with the rows of `people` and of `sets` in another order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(data.people.height)
    place = np.argsort(order)
    sets = data.sets.with_columns(
        pl.Series(side, [None if v is None else int(place[v]) for v in data.sets[side].to_list()], dtype=pl.Int32)
        for side in ("treated", "control")
    )
    sets = sets[rng.permutation(sets.height).tolist()] if sets.height else sets
    people = data.people[order.tolist()] if len(order) else data.people
    return AnalysisSet(people, sets, data.horizon, data.same_day, data.protocol_sha256)


def read_reference(name):
    """Rows of a committed reference file as dictionaries of text."""
    with open(REFERENCES / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def stanford(*, lock=None, same_day="index", controls="not_yet_treated", horizon=28):
    """Stanford heart patients, sets by day alone; tied transplant days not at risk, the calendar rule when `lock`."""
    people, room = [], {}
    for r in read_reference("stanford_heart_patients.csv"):
        name = f"P{int(r['row']):03d}"
        start = int(r["wait_days"]) if r["wait_days"] else NEVER
        room[name] = (lock - date.fromisoformat(r["accept_date"])).days if lock else NEVER
        end, dead = int(r["follow_up_days"]), int(r["dead"])
        people.append(patient(name, end=end, event=dead, start=start, potential=room[name], spell=NEVER))
    pairs = []
    for i in people:
        z = i["start_day"]
        h = min(horizon, room[i["person"]] - z)
        for j in people if z < NEVER else ():
            eligible = j["start_day"] == NEVER or (j["start_day"] > z and controls == "not_yet_treated")
            if eligible and j["end_day"] >= z and room[j["person"]] - z >= h:
                pairs.append((i["person"], j["person"]))
    return world(*people, horizon=horizon, same_day=same_day, pairs=pairs)
