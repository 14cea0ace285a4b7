"""Every estimate that no figure or table above has shown, in families, so that none stays in results.json alone."""

import re
from dataclasses import dataclass

from onearm.report.analysis import ASIDE
from onearm.report.deaths import similar_deaths, treated_deaths
from onearm.report.figures_by_id import figures_of
from onearm.report.landmarks import landmark_ids
from onearm.report.printed import counts_text, interval_text, value_text
from onearm.report.words import Words
from onearm.results.estimate import Estimate
from onearm.results.study_result import StudyResult

#: Shown in slots of their own, whatever the study.
_SHOWN = re.compile(
    r"^(comparator|trial|claims|primary\.exact|naive\.never_treated|oe|one_sample|days_free|safety|stopping|treated\.infusion_reaction|treated\.adverse"
    r"|null_predictive\.mass|false_positive|power)(\.|$)"
    r"|^(null_predictive\.(p|p_worst_case)|attributable\.deaths|win_odds|win_odds\.p|treated\.(start_day|followup)\.median|treated\.death\.(worst_case|resolved_only))$"
    r"|^(balance|marker)\."
    r"|^(?!trial\.).*(hazard_ratio|risk_difference)$"
)
_NAMED = re.compile(r"^(?:unresolved\.tipping|drift\.delta_star)\.(.+)$")
_FAMILIES = (
    "treated",
    "similar",
    "null_predictive",
    "unresolved",
    "completion",
    "drift",
    "leave_one_out",
    "occupancy",
    "balance",
    "cotreatment",
    "placebo",
    "exact",
)
_WITH = {  # told together
    "matching": "balance",
    "negative_control": "placebo",
    "admission_sweep": "leave_one_out",
    "bias_factor": "drift",
    **dict.fromkeys(("primary", "oe", "one_sample", "days_free", "sequential_trials"), "exact"),
}


@dataclass(frozen=True, slots=True)
class Family:
    """Estimates of one kind, each as a short phrase."""

    title: str
    phrases: tuple[str, ...]


def more_numbers(result: StudyResult, words: Words) -> tuple[Family, ...]:
    """Families in fixed order, the rest last; refused estimates are left to their remedy in results.json."""
    figures = figures_of(result)
    drawn = {e.id for e in (*treated_deaths(figures), *similar_deaths(figures))}
    swept = landmark_ids(result)
    left = [
        e
        for e in result.estimates
        if e.value is not None
        and e.id not in drawn
        and e.id not in swept
        and (ASIDE.match(e.id) or not _SHOWN.match(e.id))
    ]
    found: dict[str, list[str]] = {}
    for estimate in left:
        family = estimate.id.split(".")[0]
        family = _WITH.get(family, family)
        found.setdefault(family if family in _FAMILIES else "other", []).append(_phrase(estimate, words))
    order = (*_FAMILIES, "other")
    return tuple(Family(words(f"more.{f}"), tuple(found[f])) for f in order if f in found)


def _phrase(estimate: Estimate, words: Words) -> str:
    """ "extubated 7/13, 53.8 % (25.1 to 80.8 %)"; one of a family by the name of its comparator alone."""
    name = _NAMED.match(estimate.id)
    label = name[1].replace("_", " ") if name else words.of(estimate, "label")
    span = interval_text(estimate, words)
    counts = "" if name else counts_text(estimate, words)
    told = ", ".join(p for p in (counts, value_text(estimate, words)) if p)
    unit = f" {estimate.unit}" if estimate.unit else ""
    return f"{label} {told}{unit}" + (f" ({span})" if span else "")
