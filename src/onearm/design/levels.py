"""The level a virtual trial would be given: the steps of `study.trial_level`, score and caliper fitted anew each time.

A twentieth to a third of a second per trial, so it is asked for beside the analyses of `calibrate.ANALYSES`.
"""

from dataclasses import replace

from onearm.design.analyses import Analysis, EachTrial
from onearm.design.cells import Cell, cells_of
from onearm.design.one_trial import OneTrial
from onearm.design.scenarios import SCENARIO
from onearm.estimators.risk_set_test import risk_set_test
from onearm.results.status import Status
from onearm.study.trial_level import SAP, matched_trial, trial_level

SHOWN = ("L3", "L4")


def level(trial: OneTrial) -> dict[str, bool]:
    """`level3`; and of the exact test in the caliper on the prognostic score: reject, reject_at_gamma, refused.

    Level 3 needs the exact test at the hidden bias asked for (G11), so the other gates are judged only then.
    """
    matched = matched_trial(trial.data)
    test = risk_set_test(matched.data, alpha=SAP.alpha, gammas=(SAP.gamma_required,))
    reject = test.p is not None and test.p <= SAP.alpha
    at_gamma = reject and all(p <= SAP.alpha for _, p in test.p_worst_case)
    plan = replace(SAP, seed=trial.seed)
    shown = at_gamma and test.status is Status.OK
    return {
        "level3": shown and trial_level(matched, plan, same_setting=trial.same_setting).level in SHOWN,
        "reject": reject,
        "reject_at_gamma": at_gamma,
        "refused": test.status is not Status.OK,
    }


VERDICT = Analysis("verdict", EachTrial(level))

#: Worlds whose levels are asked for (evidence 6.3), and in what sizes: (world, numbers treated).
LEVEL_WORLDS = (
    ("S0", (13, 40)),
    ("S3", (13, 40)),
    ("S4.x140", (13, 40)),
    ("S12.harm", (13, 40)),
    ("E.hr20", (13, 40)),
    ("E.hr35", (13, 40)),
    ("S3.hr65", (13,)),
    ("S3.hr40", (13,)),
    ("S3.strong", (40,)),
)
LEVEL_TRIALS = 1_000


def level_cells() -> tuple[Cell, ...]:
    """Every cell of LEVEL_WORLDS, the cheap ones first."""
    found = [c for name, treated in LEVEL_WORLDS for c in cells_of((SCENARIO[name],), n_treated=treated)]
    return tuple(sorted(found, key=lambda c: c.n_similar))
