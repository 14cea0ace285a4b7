"""Evidence for the rule table: the published series, a study that passes every gate, and any evidence at all."""

from dataclasses import fields, replace
from typing import get_args

from hypothesis import strategies as st

from onearm.verdict.evidence import Evidence

#: BALMYS-19 as published, with every cohort for size (P at dead/n) and the similar cases.
SERIES = Evidence(
    patients=False,
    virtual=False,
    cells=True,
    n=13,
    dead=2,
    unresolved=4,
    null_p=(0.366, 0.978),
    chance=(
        ("similar cases", 0.366, 0.978),
        ("recovery2021_dexamethasone", 0.218, 0.944),
        ("libassi2021", 0.0869, 0.834),
        ("penuelas2021", 0.04997, 0.747),
        ("recovery2021_usual_care", 0.0470, 0.737),
        ("bowdish_control", 0.0386, 0.705),
    ),
    start_median=7,
    start_width=12,
    claim_comparator="cohorts of 70-85 %, not named",
    drift={"similar": -0.78, "recovery2021_dexamethasone": -0.52, "bowdish_control": 0.07},
    infusions=25,
    reactions=0,
    assessed_patients=13,
    reaction_upper=0.2058,
    improved=9,
    extubated=7,
    changed=True,
    doses={1: 2, 2: 10, 3: 1},
    markers_reported=True,
    cotreatment="steroids, tocilizumab",
    centres=4,
    foreign_comparator=True,
    resolved_only_comparator=True,
    exclusions=("more than three organs failing", "ECMO"),
)
#: A study of 40 with its own records that meets every condition.
FULL = Evidence(
    patients=True,
    virtual=False,
    cells=True,
    n=40,
    dead=2,
    unresolved=0,
    null_p=(0.001, 0.001),
    chance=(("own records", 0.001, 0.001),),
    start_median=7,
    aligned=True,
    lag_logged=True,
    controls_with_days=True,
    claim_comparator="own records",
    claim_admitted=True,
    same_setting=True,
    confounders_complete=0.9,
    unmatched=0,
    imbalance=0.25,
    effective_n=120,
    screened_share=0.9,
    cotreatment_imbalance=0.25,
    design_size=0.07,
    placebo_p=0.051,
    p_value=0.05,
    gamma_star=1.5,
    pr_benefit=0.9,
    locked_before=True,
    infusions=80,
    reactions=0,
    assessed_patients=40,
    reaction_upper=0.0722,
    improved=30,
    extubated=30,
    changed=True,
    doses={2: 40},
    centres=1,
)

shares = st.floats(0, 1)
counts = st.integers(0, 400)
names = st.sampled_from(["similar cases", "penuelas2021", "recovery2021_usual_care"])


def ordered(told):
    """A name with P(at most observed) and the larger P(at most worst case)."""
    name, *chances = told
    return name, *sorted(chances)


OWN = {
    **dict.fromkeys(("n", "dead", "unresolved"), counts.map(lambda k: None if k == 13 else k)),  # seldom missing
    "virtual": st.just(False),
    "claim_comparator": st.sampled_from(["", "cohorts of 70-85 %, not named"]),
    "chain": st.just(""),
    "missing": st.integers(0, 99).map(lambda k: ("n", "dead", "open", "horizon") if k == 13 else ()),
    "null_p": st.none(),
    "chance": st.lists(st.tuples(names, shares, shares).map(ordered), max_size=3).map(tuple),
    "drift": st.dictionaries(names, st.floats(-3, 3), max_size=2),
    "doses": st.sampled_from([{}, {1: 13}, {1: 2, 2: 10, 3: 1}]),
    "cotreatment": st.sampled_from([None, "steroids"]),
    "exclusions": st.sampled_from([(), ("ECMO",)]),
    "reaction_upper": st.none() | st.floats(0.005, 0.95),
    "start_median": st.none() | st.integers(0, 40),
}
BY_TYPE = {bool: st.booleans(), int: counts, float: shares, type(None): st.none()}
FIELDS = OWN | {
    f.name: st.one_of(*(BY_TYPE[kind] for kind in get_args(f.type) or (f.type,)))
    for f in fields(Evidence)
    if f.name not in OWN
}


@st.composite
def evidence(draw):
    """Any evidence whose counts can be true; every input may be missing. Half of it is close to passing every gate."""
    some = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=3)) if draw(st.booleans()) else FIELDS
    told = {f.name: getattr(FULL, f.name) for f in fields(FULL)}
    told |= draw(
        st.fixed_dictionaries({name: FIELDS[name] for name in sorted({*some, "chance", "dead", "unresolved"})})
    )
    n, dead, still = (told[k] for k in ("n", "dead", "unresolved"))
    if None not in (n, dead, still):
        told["dead"] = min(dead, n)
        told["unresolved"] = min(still, n - told["dead"])
    if told["chance"] and draw(st.booleans()):
        told["null_p"] = told["chance"][0][1:]
    return Evidence(**told)


def series(**changes):
    return replace(SERIES, **changes)


def full(**changes):
    return replace(FULL, **changes)
