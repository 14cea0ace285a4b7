"""The model elsewhere: the committed kernel is the generated one, and libRoadRunner agrees on the SBML."""

from pathlib import Path

import antimony
import numpy as np
import pytest
import roadrunner
from virtual_hosts import ON, REGISTRY, WHY, drawn

import onearm.physiology.host.model as model
from onearm import physiology
from onearm.physiology.compiled import SOURCES
from onearm.physiology.host.model import (
    ASSIGNMENTS,
    CELLS,
    STATES,
    check_symbols,
    equation_table,
    kernel_source,
    names_in,
)
from onearm.physiology.host.parameters import ParameterSet
from onearm.physiology.host.patient import same_doses, simulate_patients
from onearm.physiology.host.sbml import Change, Dose, to_antimony, to_sbml


def test_the_machine_code_is_made_from_the_equations_as_they_are():
    kernel = Path(model.__file__).with_name("model_kernel.py").read_text(encoding="utf-8")
    assert kernel == kernel_source(), "run python -m onearm.physiology.host.model"


def test_kept_machine_code_knows_every_source_it_is_made_of():
    here = Path(physiology.__file__).parent
    found = [m for m in here.rglob("*.py") if "\n@compiled\n" in m.read_text(encoding="utf-8")]
    compiled = {m.relative_to(here).as_posix() for m in found}
    assert compiled == set(SOURCES)


def test_every_symbol_of_the_model_is_in_the_registry_and_the_reverse():
    assert check_symbols(REGISTRY) == []
    fewer = ParameterSet(tuple(r for r in REGISTRY.records if r.symbol != "k_pg"))
    assert check_symbols(fewer) == ["k_pg: used by the model, not in the registry; add a record"]


def test_used_in_names_quantities_of_the_model_or_functions():
    known = {q.name for q in (*STATES, *CELLS, *ASSIGNMENTS, model.EFFECT)}
    known |= {a.name for a in model.CELL_ASSIGNMENTS}
    texts = {q.name: q.rate + " " + q.start for q in (*STATES, *CELLS)}
    texts |= {a.name: a.expression for a in (*ASSIGNMENTS, *model.CELL_ASSIGNMENTS, model.EFFECT)}
    for record in REGISTRY.records:
        uses = {name for name, text in texts.items() if record.symbol in names_in(text)}
        told = {u for u in record.used_in if u in known}
        assert told == uses, record.symbol
        assert all(u in known or "." in u for u in record.used_in), record.symbol


def test_the_table_of_equations_has_every_quantity():
    rows = equation_table().splitlines()
    assert len(rows) == 2 + len(STATES) + len(CELLS) + len(ASSIGNMENTS) + len(model.CELL_ASSIGNMENTS) + 1 + len(
        model.SWITCHES
    )
    assert any("`CRP' = k_c*(c0 + g_c*Li/(K_c + Li) - CRP)`" in row for row in rows)


def road_runner(courses, i):
    """The daily states of one course by libRoadRunner, from onset."""
    begun = courses.onset_to_ventilation_days[i]
    values = dict(zip(REGISTRY.symbols, courses.draws.with_values(emax=1.0).values[i].tolist(), strict=True))
    doses = [Dose(begun + d[0] + d[1] / 2, d[2]) for d in courses.schedule.doses[i].tolist()]
    changes, held = [], {"vent": 0.0, "out": 0.0, "again": 0.0}
    for k, day in enumerate(courses.ventilation_changes[i]):
        if np.isfinite(day):
            on = k % 2 == 0
            told = {"vent": float(on), "out": float(not on), "again": float(not on and k < 5), "t_ext": begun + day}
            changes += [Change(begun + day, name, told[name]) for name in (*held, "t_ext")]
    runner = roadrunner.RoadRunner(to_sbml(to_antimony(REGISTRY, doses, values=values | {"q": 1.0}, changes=changes)))
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-11, 1e-13
    names = [s.name for s in STATES]
    alive = courses.days[np.isfinite(courses.of("D")[i])]
    return np.array(runner.simulate(times=[0.0, *(begun + alive)], selections=[*names, "u", "L", "PF"]))[1:]


def test_libroadrunner_gives_the_same_on_the_exported_model():
    everybody = drawn(np.arange(40))
    at_all = np.isfinite(simulate_patients(everybody, purpose=WHY).onset_to_ventilation_days)
    host = drawn(np.flatnonzero(at_all)[:8])
    courses = simulate_patients(host, same_doses(8, [1.37, 4.0, 9.11]), ON, purpose=WHY, rtol=1e-10)
    hazard_of_change = [s.name for s in STATES].index("Lv")  # the engine does not set it back
    for i in range(8):
        theirs = road_runner(courses, i)
        ours = courses.daily[i, : len(theirs)].copy()
        theirs[:, 0], peak = np.exp(theirs[:, 0]), np.abs(ours).max(axis=0)
        peak[0] = max(peak[0], host.of("P_0")[i])
        error = np.abs(ours - theirs) / np.where(peak > 0, peak, 1)
        if np.isfinite(courses.ventilation_changes[i, 1]):
            error[:, hazard_of_change] = 0
        assert error.max() < 1e-5, i


def test_the_export_takes_known_symbols_and_switches_only():
    with pytest.raises(ValueError, match="nonsense, wind: not in the model"):
        to_antimony(REGISTRY, values={"nonsense": 1.0}, changes=[Change(1.0, "wind", 1.0)])
    with pytest.raises(ValueError, match="Antimony refused the model"):
        to_sbml("model onearm_host\n x := (\nend\n")


def test_the_export_of_a_host_without_pathogen_and_with_a_first_day_dose():
    text = to_antimony(
        REGISTRY, [Dose(0.0, 1.5), Dose(3.0, 1.0)], values={"P_0": 0.0}, changes=[Change(0.0, "vent", 1.0)]
    )
    assert "  lnP = 0\n" in text and "  Mb = 1.5\n" in text and "  vent = 1.0\n" in text and "  p_on = 0.0\n" in text
    assert "at (time >= 3.0), t0=false: Mb = Mb + 1.0" in text
    sbml = to_sbml(text)
    assert "http://www.sbml.org/sbml/level3" in sbml and antimony.getLastError() is not None
    runner = roadrunner.RoadRunner(sbml)
    end = runner.simulate(times=[0.0, 2.0, 5.0], selections=["Mb", "ML", "MO", "X", "CRP"])
    assert np.array(end)[:, :4].sum(axis=1) == pytest.approx([1.5, 1.5, 2.5], rel=1e-6)
