"""The verdict in a terminal: level, sentences, key figures, public sentences, trials, where the page is."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from onearm.report.cohorts import trial_lines
from onearm.report.deaths import similar_deaths, treated_deaths
from onearm.report.figures_by_id import figures_of
from onearm.report.printed import counts_text, interval_text, value_text
from onearm.report.public_sentences import answer_groups
from onearm.report.reporting_page import REPORTING, filled_text
from onearm.report.safety import safety_estimates
from onearm.report.words import Language, Words
from onearm.results.estimate import Estimate
from onearm.results.status import Role
from onearm.results.study_result import StudyResult

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_verdict(result: StudyResult, console: "Console", language: Language = "en", page: Path | None = None) -> None:
    """Print what a reader takes away, in 80 columns or more. `page` is named last, where it is given."""
    from rich.padding import Padding  # loaded on use
    from rich.text import Text

    words, verdict = Words(language), result.verdict
    console.print(Text(result.about.title, style="bold"))
    head = (
        words("level.bar_title", level=verdict.level, meaning=words(f"level.{verdict.level}_short"))
        if verdict.level
        else words("level.none")
    )
    console.print(Text(f" {head} ", style="reverse bold"))
    if result.virtual:
        console.print(Text(words("page.virtual"), style="bold"))
    console.print()
    console.print(Padding(Text(words.of(verdict, "lead"), style="bold"), (0, 2)))
    if words.of(verdict, "variant_sentence"):
        console.print(Padding(Text(words.of(verdict, "variant_sentence")), (0, 2)))
    console.print()
    figures = _figures(result, words)
    if figures.row_count:
        console.print(figures)
    for text, indent in (*_sentences(result, words), *_trials(result, words)):
        console.print(Padding(text, (0, 0, 0, indent)))
    if page is not None:
        console.print(Text(f"{words('terminal.page')}: {page}"), soft_wrap=True)
        if result.reporting:
            counts = filled_text(result.reporting, words)
            tables = f"{words('terminal.tables')}: {page.with_name(REPORTING)} ({counts})"
            console.print(Text(tables), soft_wrap=True)
    console.print(Text(words("page.research_use"), style="dim"))


def _figures(result: StudyResult, words: Words) -> "Table":
    from rich import box
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    table.add_column(words("terminal.figure"), ratio=1)
    for key in ("counts", "value", "interval"):
        table.add_column(words(f"terminal.{key}"), justify="right", no_wrap=True)
    for title, rows in _groups(result, words):
        found = list(rows)
        if found:
            table.add_row(Text(title, style="bold"))
        for label, counts, value, interval, struck in found:
            style = "strike" if struck else ""
            note = f" ({words('terminal.not_a_risk')})" if struck else ""
            what = Padding(Text(label, style=style).append(note, style="not strike"), (0, 0, 0, 2))
            table.add_row(what, counts, Text(value, style=style), Text(interval, style=style))
    return table


Row = tuple[str, str, str, str, bool]


def _groups(result: StudyResult, words: Words) -> Iterator[tuple[str, Iterator[Row]]]:
    """Heading and rows: the treated three ways, similar cases, the null-predictive figures, safety."""
    figures = figures_of(result)
    yield words("terminal.deaths"), (_row(e, words) for e in treated_deaths(figures))
    yield words("terminal.similar"), (_row(e, words) for e in similar_deaths(figures))
    yield words("terminal.chance"), _chance(result, words)
    yield words("terminal.safety"), (_row(e, words) for e in safety_estimates(figures))


def _row(e: Estimate, words: Words) -> Row:
    return (
        words.of(e, "label"),
        counts_text(e, words),
        value_text(e, words),
        interval_text(e, words),
        e.role is Role.REFUSED,
    )


def _chance(result: StudyResult, words: Words) -> Iterator[Row]:
    figures, chart = figures_of(result), result.charts.null_histogram
    for id in ("null_predictive.p", "null_predictive.p_worst_case", "primary.exact.p"):
        estimate = figures.get(id)
        if estimate is None or estimate.value is None:
            continue
        if id.endswith("case") and chart is not None and chart.worst_case == chart.observed:
            continue  # nobody is open: the line above says it
        label = words.of(estimate, "label")
        if chart is not None and not id.startswith("primary"):
            k = chart.worst_case if id.endswith("case") else chart.observed
            label = words.counted("terminal.chance_line", k, n=len(chart.mass) - 1)
        yield label, "", value_text(estimate, words), "", False


def _sentences(result: StudyResult, words: Words) -> Iterator[tuple[str, int]]:
    """The three counts, then every wrong sentence with its reason; with the indent of its lines."""
    groups = {g.key: g for g in answer_groups(result, words)}
    if not groups:
        return
    counts = {key: group.count for key, group in groups.items()}
    yield f"\n[bold]{words('terminal.sentences')}:[/bold] {words('answers.counts', **counts)}", 0
    for same in groups["wrong"].reasons:
        for ids, said in same.sentences:
            yield f"{words('answers.wrong')} {ids}: {_plain(said)} [dim]({_plain(same.reason)})[/dim]", 2


def _trials(result: StudyResult, words: Words) -> Iterator[tuple[str, int]]:
    """Each trial with what it says; with the indent of its lines."""
    lines = trial_lines(result, words)
    if lines:
        yield f"\n[bold]{words('terminal.trials')}[/bold]", 0
    for t in lines:
        yield f"{_plain(t.name)} ({t.level}): {t.treated} v {t.control}, [bold]{_plain(t.sentence)}[/bold]", 2
        if t.contrast:
            yield f"{_plain(t.contrast)}", 4


def _plain(text: str) -> str:
    """Text of a study with no markup of the console left in it."""
    from rich.markup import escape

    return escape(text)
