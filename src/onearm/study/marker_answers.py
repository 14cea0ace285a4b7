"""Laboratory markers as estimates: the contrast within sets for a claim, before and after for description only."""

from collections.abc import Iterator, Sequence

from onearm.cohort.build import Built, Cohort
from onearm.cohort.marker_courses import OFFSETS, WATCHED, day_values, marker_courses
from onearm.estimators.marker_background import Background, background
from onearm.estimators.marker_course import (
    Change,
    MarkerContrast,
    MarkerFamily,
    Occupancy,
    marker_course,
)
from onearm.estimators.risk_set_test import FEWEST_TREATED
from onearm.results.estimate import Estimate
from onearm.results.status import Role, Status
from onearm.study.figures import Named, number
from onearm.vocabulary.markers import MARKERS

NO_EFFECT = ("survivors with both values, without controls: a description, never an effect",)


def marker_answers(
    cohort: Cohort, built: Built, *, seed: int, alpha: float = 0.05, offsets: Sequence[int] = OFFSETS
) -> Iterator[Estimate]:
    """`marker.<name>.*` of every course marker that was measured; nothing where none was or nobody is treated.

    The last of `offsets` has the bare ids and is a second estimate; earlier days end in `.day<N>`: sensitivity.
    """
    found = marker_course(marker_courses(cohort, built, offsets=offsets), alpha=alpha, seed=seed)
    if found.status is not Status.OK:
        return
    last = max(offsets)
    for change, contrast in zip(found.changes, found.contrasts, strict=True):
        yield from _contrast(found, contrast, last)
        if contrast.offset == last:
            yield from _beside(contrast)
            yield from _change(change, found)
            curve = background(day_values(cohort, built, contrast.marker), offsets=tuple(offsets))
            yield from _expected(curve, last)


def _named(marker: str, offset: int, how: str, words: tuple[str, str], last: int | None = None) -> Named:
    """Id and labels of one figure of a marker: "CRP, day 7: p, ..."; the day is in the id unless it is the last."""
    of = MARKERS[marker]
    day = "" if last in (None, offset) else f".day{offset}"
    en, es = (f"{title}, {word} {offset}" for title, word in ((of.title_en, "day"), (of.title_es, "día")))
    return Named(f"marker.{marker}.{how}{day}", f"{en}: {words[0]}", f"{es}: {words[1]}")


def _contrast(found: MarkerFamily, c: MarkerContrast, last: int) -> Iterator[Estimate]:
    """The contrast within sets: rank difference and the p of a better course, alone and over the family."""
    alone = found.n_treated - c.n_sets - c.hidden - c.not_known
    reasons = (("another drug hides it", c.hidden), ("not known whether", c.not_known), ("no control", alone))
    left_out = "".join(f"; treated left out, {why}: {n}" for why, n in reasons if n)
    told = f"{c.wins} better, {c.losses} worse, {c.ties} tied"
    told_es = f"{c.wins} mejor, {c.losses} peor, {c.ties} empates"
    # refused for want of a control for somebody: of the matched part, and no second figure
    is_told = c.status is Status.OK or (c.p is not None and c.n_sets >= FEWEST_TREATED)
    is_second = c.status is Status.OK and c.offset == last
    for how, value, words, method, sides in (
        (
            "contrast.rank_difference",
            c.rank_difference,
            (f"pairs the treated did better minus worse ({told})", f"pares mejor menos peor ({told_es})"),
            found.method,
            None,
        ),
        ("contrast.p", c.p, ("p, one-sided, treated better", "p, unilateral, mejor tratados"), found.method, 1),
        (
            "contrast.p_family",
            c.p_family,
            ("p over all markers and days, one-sided", "p de todos los marcadores y días, unilateral"),
            f"{found.method}; largest standardised sum, {found.draws} draws, seed {found.seed}",
            1,
        ),
        ("contrast.p_harm", c.p_harm, ("p, one-sided, treated worse", "p, unilateral, peor tratados"), found.method, 1),
    ):
        yield number(
            _named(c.marker, c.offset, how, words, last),
            value if is_told else None,
            method=method + left_out,
            n=c.n_sets,
            role=Role.SECOND if is_second and not how.endswith("harm") else Role.SENSITIVITY,
            status=c.status,
            remedy=c.remedy,
            sides=sides,
            assumptions=found.assumptions,
        )


def _beside(c: MarkerContrast) -> Iterator[Estimate]:
    """What the contrast must not be read without: balance before, who is where, and what the missing would undo."""
    words = ("rank difference before the index day", "diferencia de rangos antes del día índice")
    remedy = c.remedy or "Nobody was measured before the index day."
    yield number(
        _named(c.marker, c.offset, "before.rank_difference", words), c.rank_difference_before, n=c.n_sets, remedy=remedy
    )
    for side, who, of, of_es in (
        ("treated", c.treated, "the treated", "los tratados"),
        ("similar", c.controls, "their similar patients", "sus similares"),
    ):
        en, es = _occupied(who)
        mean, mean_es = ("geometric mean", "media geométrica") if WATCHED[c.marker].log else ("mean", "media")
        words = (f"{mean} of {of} still ventilated ({en})", f"{mean_es} de {of_es} aún ventilados ({es})")
        yield number(
            _named(c.marker, c.offset, f"{side}.mean", words),
            who.mean,
            n=who.measured,
            unit=_unit(c.marker),
            method="alive, ventilated and measured; of controls every set weighs 1",
            remedy="Nobody ventilated was measured about that day.",
        )
    yield _tipping(c)


def _tipping(c: MarkerContrast) -> Estimate:
    """How much worse than their similar patients the unmeasured treated must be for the contrast to fall."""
    grid = c.grid
    words = ("how much worse the treated not measured undo it", "cuánto peor lo anulan los tratados sin medir")
    dead = f"; p {grid.p_if_dead:.3g} if they count as dead" if grid.p_if_dead is not None else ""
    remedy = "No shift up to 4 SD undoes it." if grid.p else "The contrast is not significant: nothing to undo."
    return number(
        _named(c.marker, c.offset, "contrast.tipping_delta", words),
        grid.tipping,
        unit="SD",
        n=grid.missing,
        method=f"unmeasured treated at the middle of their set, worse by steps of 1/4 SD{dead}",
        remedy=c.remedy or (remedy if grid.missing else "Every treated patient has a value or is dead."),
    )


def _occupied(who: Occupancy) -> tuple[str, str]:
    counts = [f"{n:.1f}".removesuffix(".0") for n in (who.ventilated, who.off, who.dead, who.unknown)]
    en = ", ".join(f"{n} {word}" for n, word in zip(counts, ("ventilated", "off", "dead", "unknown"), strict=True))
    words = ("ventilados", "sin ventilador", "muertos", "sin saber")
    return en, ", ".join(f"{n} {word}" for n, word in zip(counts, words, strict=True))


def _change(change: Change, found: MarkerFamily) -> Iterator[Estimate]:
    """Before and after of the treated, refused as a comparison whatever p says."""
    flips = "all signs of the change" if change.is_exact else f"{found.draws} draws of signs, seed {found.seed}"
    before_after = ("median change of the treated", "cambio mediano de los tratados")
    p = ("p of the change, two-sided: no effect", "p del cambio, bilateral: no es un efecto")
    family = ("p of the change over all markers and days: no effect", "p del cambio, todos: no es un efecto")
    for how, value, words, unit, sides in (
        ("before_after.change", change.median, before_after, _unit(change.marker), None),
        ("before_after.p", change.p, p, "", 2),
        ("before_after.p_family", change.p_family, family, "", 2),
    ):
        yield number(
            _named(change.marker, change.offset, how, words),
            value,
            n=change.n,
            unit=unit,
            sides=sides,
            method=f"last value before the index day and value at the day; {flips}",
            role=Role.REFUSED,
            remedy="No treated patient has a readable value before and after.",
            assumptions=NO_EFFECT,
        )


def _expected(curve: Background, last: int) -> Iterator[Estimate]:
    """What the background of untreated days expects of the treated, beside what was seen in the same patients."""
    at = curve.offsets.index(last) if last in curve.offsets else None
    n, expected, seen = (None, None, None) if at is None else (curve.n[at], curve.expected[at], curve.seen[at])
    for how, value, words in (
        ("expected", expected, ("expected from untreated days", "esperado según los días sin tratar")),
        ("seen", seen, ("seen in the same patients", "visto en los mismos pacientes")),
    ):
        yield number(
            _named(curve.marker, last, f"background.{how}", words),
            value,
            n=n,
            unit=_unit(curve.marker),
            method=f"{curve.method}; {curve.n_values} values of {curve.n_persons} persons",
            role=Role.BACKGROUND,
            status=curve.status,
            remedy=curve.remedy
            or "No treated patient still ventilated has a value before the index day and on that day.",
            assumptions=curve.assumptions,
        )


def _unit(marker: str) -> str:
    unit = MARKERS[marker].unit
    return "" if unit == "1" else unit
