"""An estimate as it is printed: value, interval and counts, by what its id says it is."""

import re
from collections.abc import Callable

from onearm.report.words import Words
from onearm.results.estimate import Estimate

_PROBABILITY = re.compile(r"(^|\.)(p|midp|p_harm|p_family|p_worst_case|p_at_most_\w+|mass)(\.|$)|^null_predictive\.")
_RATIO = re.compile(r"(ratio|win_odds$|gamma_star|evalue)")
_COUNT = re.compile(r"^(claims\.|unresolved\.tipping\.|attributable\.|primary\.exact\.observed)")
_SHARE = re.compile(
    r"\.death(\.|$)|^treated\.(unresolved|extubated|ever_extubated|improved|infusion_reaction|adverse)"
    r"|theta0|^power|^false_positive|^occupancy\.|^cotreatment\..*\.(treated|similar)$"
)


def value_text(estimate: Estimate, words: Words, value: float | None = None) -> str:
    """The value (or another value of the same kind) as printed; "not reported" when there is none."""
    shown = estimate.value if value is None else value
    return words("word.not_reported") if shown is None else _style(estimate)(words, shown)


def interval_text(estimate: Estimate, words: Words) -> str:
    """ "1.9 to 45.4 %", "at most 20.6 %" for a one-sided bound, "" without an interval."""
    style, low, high = _style(estimate), estimate.lower, estimate.upper
    if high is None:
        return "" if low is None else words("word.at_least", value=style(words, low))
    if low is None:
        return words("word.at_most", value=style(words, high))
    if style is _percent:
        return words.span(low, high)
    if style is _points:
        return words("word.span", low=words.fixed(100 * low, 1), high=style(words, high))
    return words("word.span", low=style(words, low), high=style(words, high))


def level_text(estimate: Estimate, words: Words) -> str:
    """ "95 %, two-sided"; "" without a level."""
    if estimate.level is None:
        return ""
    sides = "word.one_sided" if estimate.sides == 1 else "word.two_sided"
    return words(sides, level=words.percent(estimate.level, 0))


def counts_text(estimate: Estimate, words: Words) -> str:
    """ "2/13" where the value is that share, "n 211" where it is not, "" without n."""
    if estimate.n is None:
        return ""
    k, n = estimate.events, estimate.n
    if k is not None and estimate.value is not None and n and abs(k / n - estimate.value) < 5e-4:
        return f"{words.whole(k)}/{words.whole(n)}"
    return words("word.n", n=words.whole(n))


def _percent(words: Words, value: float) -> str:
    return words.percent(value)


def _points(words: Words, value: float) -> str:
    return words("word.points", value=words.fixed(100 * value, 1))


def _style(estimate: Estimate) -> Callable[[Words, float], str]:
    id = estimate.id
    if "risk_difference" in id:
        return _points
    for pattern, style in (
        (_RATIO, Words.ratio),
        (_COUNT, Words.whole),
        (_PROBABILITY, Words.probability),
        (_SHARE, _percent),
    ):
        if pattern.search(id):
            return style
    return Words.plain
