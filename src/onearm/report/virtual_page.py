"""`virtual.html`: the figures of one virtual trial as a self-contained page. It gives no level: nothing is evidence."""

from collections.abc import Iterator
from dataclasses import dataclass

from onearm import __version__
from onearm.report.assumption_bar import assumption_bar, tornado
from onearm.report.cell_places import cell_places
from onearm.report.outcome_stack import outcome_stack
from onearm.report.paper import fill
from onearm.report.phase_picture import phase_picture
from onearm.report.population_bands import population_bands
from onearm.report.ridge import ridge
from onearm.report.ward_chart import VIRTUAL, ward_chart
from onearm.results.virtual_figures import VirtualFigures

PAGE = "virtual.html"


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """Figures under one heading, with the sentence that says how to read them."""

    id: str
    heading: str
    reading: str
    shown: tuple[str, ...]  # SVG
    folded: tuple[str, ...] = ()  # SVG, opened by the reader
    fold: str = ""  # what is folded


def render_virtual(figures: VirtualFigures) -> str:
    """The whole page; the same values give the same text."""
    return fill(
        "virtual.html.j2",
        a=figures.about,
        version=__version__,
        stamp=VIRTUAL,
        groups=tuple(_groups(figures)),
        drawn=drawn_text(figures),
    )


def drawn_text(figures: VirtualFigures) -> str:
    """What was drawn, in one sentence, and what the cells were told to do."""
    a = figures.about
    does = (
        "In this world the cells do nothing."
        if a.emax == 0
        else f"In this world an effect of size {a.emax:g} was put in; it was not found."
    )
    return (
        f"Drawn for {a.purpose.replace('_', ' ')}: seed {a.seed}, trial {a.trial + 1}, {a.patients} people who came to "
        f"ventilation, {a.treated} of them infused. {does}"
    )


def _groups(figures: VirtualFigures) -> Iterator[FigureGroup]:
    yield FigureGroup(
        "assumed",
        "How much of this is assumed",
        "The wider a bar, the more the deaths on this page are made by that one guess and not by anything known.",
        (assumption_bar(figures.bar), tornado(figures.tornado)),
    )
    yield FigureGroup(
        "cells",
        "Where the cells are",
        "Read upwards at any time: the areas add to the whole dose. A camera sees the label of dead cells too, so the "
        "dashed line stays long after the living cells are gone; where a bar lies off its line, the model is wrong.",
        (cell_places(figures.cells),),
    )
    yield FigureGroup(
        "bands",
        "The same people, counted three ways",
        "Compare left with middle: who dies or comes off the ventilator leaves the left panel, so its average changes "
        "although nobody in it need have changed. A change after an infusion, on the right, is by itself no effect.",
        tuple(population_bands(b) for b in figures.bands[:2]),
        tuple(population_bands(b) for b in figures.bands[2:]),
        "The other markers",
    )
    yield FigureGroup(
        "outcomes",
        "What became of them",
        "Compare the two panels of the infused, the same people with and without their infusions, never the first with "
        "the second: whoever is infused had lived long enough to be.",
        (outcome_stack(figures.outcomes),),
    )
    yield FigureGroup(
        "phase",
        "Why some recover and some do not",
        "Every path starts when ventilation begins and drifts to a resting state; near the border little decides, so "
        "a good and a bad course need no two kinds of patient. Each patient has a border of their own.",
        (phase_picture(figures.phase),),
    )
    if figures.ridge is not None:
        yield FigureGroup(
            "ridge",
            "What such a study cannot tell apart",
            "A long dark ridge on the right means that many pairs of values fit the data equally well.",
            (ridge(figures.ridge),),
        )
    yield from _wards(figures)


def _wards(figures: VirtualFigures) -> Iterator[FigureGroup]:
    """One chart is open, the others are folded: the same reading holds for all."""
    if not figures.wards:
        return
    charts = [ward_chart(c) for c in figures.wards]
    lines = any(m.truth for w in figures.wards for s in w.strips for m in s.markers)
    known = (
        " The thin line is what truly happened, the grey one the same patient not infused; no real chart has them."
        if lines
        else ""
    )
    yield FigureGroup(
        "wards",
        "One patient at a time",
        "Read downwards at one day; red is an infusion with its dose and lot, a filled sign a recorded number, an open "
        f"one with an arrow a value beyond what the assay can tell.{known}",
        tuple(charts[:1]),
        tuple(charts[1:]),
        f"The other {len(charts) - 1} infused patients",
    )
