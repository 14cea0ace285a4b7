"""Figure values of a virtual trial, made by hand: small, and with everything that a figure may hold."""

from onearm.results.virtual_figures import (
    AssumptionBar,
    Attractor,
    BandPanel,
    CellPlaces,
    Density,
    OutcomeStack,
    PhasePath,
    PhasePicture,
    PopulationBands,
    PublishedRange,
    Ridge,
    Tornado,
    TornadoRow,
    VirtualAbout,
    VirtualFigures,
)
from onearm.results.ward_chart import (
    ChartEnd,
    ChartInfusion,
    ChartLine,
    ChartMarker,
    ChartPoint,
    ChartSpan,
    ChartStrip,
    WardChart,
)

POINTS = (ChartPoint(1.0, 120.0, "="),)
COURSE, TWIN = ChartLine((0.0, 5.0, 9.0), (140.0, 160.0, 220.0)), ChartLine((0.0, 5.0), (140.0, 90.0))


def chart(*, points=POINTS, lines=True, infusions=(), virtual=True, same=False, **changed):
    """A patient with one strip, ventilated for 6 days."""
    truth = (COURSE, TWIN) if lines else (None, None)
    strips = (ChartStrip("oxygenation", 0, 450, False, 150, (ChartMarker("P/F", "mmHg", points, *truth),)),)
    whole = {
        "breathing": (ChartSpan("ventilated", 0.0, 6.0, False), ChartSpan("off", 6.0, 9.0, False)),
        "drugs": (ChartSpan("corticosteroid", 1.0, 5.0, False),),
        "end": ChartEnd("left hospital alive", 9.0),
        "twin_end": ChartEnd("died", 5.4) if lines else None,
    }
    return WardChart(
        person="V01-001",
        virtual=virtual,
        last_day=30.0,
        infusions=infusions,
        strips=strips,
        twin_is_the_same=same,
        **(whole | changed),
    )


def dose(day, number, lot="VLOT-01", whole=True):
    return ChartInfusion(day, number, lot, whole)


def bands(name="P/F", worse="low"):
    quantiles = ((40.0, None), (60.0, 50.0), (100.0, 90.0), (150.0, 160.0), (300.0, 320.0))
    first = BandPanel("alive and ventilated", "ventilation", (0, 7), (20, 12), (0.0, 0.0), quantiles)
    everyone = BandPanel("everyone, the dead counted", "ventilation", (0, 7), (20, 20), (0.0, 0.3), quantiles)
    return PopulationBands(name, "mmHg", False, worse, (first, everyone))


CELLS = CellPlaces(
    minute=(1.0, 60.0, 1440.0, 20160.0),
    lung=(0.2, 0.6, 0.3, 0.0),
    organs=(0.1, 0.2, 0.1, 0.0),
    blood=(0.7, 0.05, 0.0, 0.0),
    dead=(0.0, 0.15, 0.6, 1.0),
    label_lung=(0.2, 0.6, 0.5, 0.05),
    label_organs=(0.1, 0.4, 0.5, 0.4),
    published=(PublishedRange("lung", 20.0, 0.27, 0.335, "at once"),),
    source="Bars: a source.",
)
STACKS = (
    OutcomeStack("everyone, as it went", 20, (1.0, 0.5), (0.0, 0.3), (0.0, 0.2)),
    OutcomeStack("the infused", 4, (1.0, 0.75), (0.0, 0.25), (0.0, 0.0)),
)
PHASE = PhasePicture(
    paths=(
        PhasePath((0.1, 0.0), (2.0, 0.1), "off"),
        PhasePath((0.3, 0.6), (5.0, 17.0), "dead"),
        PhasePath((0.3, 0.4), (5.0, 9.0), "ventilated"),
    ),
    attractors=(Attractor("recovery", 0.0, 0.0), Attractor("persistent inflammation", 0.635, 17.4)),
    boundary_n=(0.0, 0.2, 0.33),
    boundary_d=(7.0, 4.3, 0.0),
    horizon=28,
)
RIDGE = Ridge(
    x_name="EC50, million cells per kg",
    y_name="emax",
    x_edges=(0.03, 0.3, 3.0),
    y_edges=(0.0, 2.5, 5.0),
    x_logarithmic=True,
    y_logarithmic=False,
    prior=Density("before the data", ((0.25, 0.25), (0.25, 0.25))),
    posterior=Density("after the data", ((0.6, 0.0), (0.0, 0.4))),
    truth=(0.3, 1.0),
)
TORNADO = Tornado(
    rows=(
        TornadoRow("h1", "hazard of death", 0.0, 8.0, "1", 0.1, 0.9),
        TornadoRow("P_0", "pathogen", 0.2, 3.0, "1", None, 0.6),
    ),
    risk=0.5,
    persons=400,
    horizon=28,
    without_effect=37,
)
ABOUT = VirtualAbout(
    purpose="teaching",
    seed=1,
    trial=0,
    world_sha256="a" * 64,
    patients=20,
    treated=4,
    emax=0.0,
    statement="It tests methods and designs; it predicts no patient and no benefit.",
    assumptions="62 of 84 parameters are assumptions (74%).",
    not_modelled="Not modelled: embolism.",
    allowed=(("teaching", "immortal time"), ("design", "power")),
    forbidden=("the choice of a dose",),
)


def figures(**changed):
    """All of it."""
    whole = {
        "about": ABOUT,
        "bar": AssumptionBar(20, 2, 62),
        "tornado": TORNADO,
        "cells": CELLS,
        "bands": (bands(), bands("CRP", "high"), bands("IL-6", "high")),
        "outcomes": STACKS,
        "phase": PHASE,
        "wards": (chart(infusions=(dose(2.0, 1),)), chart()),
        "ridge": RIDGE,
    }
    return VirtualFigures(**(whole | changed))
