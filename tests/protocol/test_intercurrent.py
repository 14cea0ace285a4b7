"""Every intercurrent event has a strategy: the study's own or the default; what is misspelt or not done is told."""

import pytest

from onearm.protocol.intercurrent import EVENTS, SENSITIVITY_ONLY, Misfit, handlings, misfits
from onearm.protocol.study import Intercurrent, Protocol, Study
from onearm.sources.protocol_file import read_protocol

STUDY = '[study]\nid = "one"\ntitle = "One"\n'


def protocol(*rows):
    return Protocol(Study("one", "One"), intercurrent=rows)


def told(tmp_path, text):
    """What reading a study file with that end says: sentence, remedy and line of each problem."""
    (tmp_path / "study.toml").write_text(STUDY + text, encoding="utf-8")
    problems = []
    read = read_protocol(tmp_path, problems)
    assert (read is None) == bool(problems)
    return [(p.sentence, p.remedy, p.line) for p in problems]


def test_the_events_are_those_of_the_design():
    assert {e.id for e in EVENTS} == {
        "death",
        "extubation",
        "reintubation",
        "ecmo",
        "withdrawal_of_care",
        "transfer",
        "later_dose",
        "corticosteroid",
        "tocilizumab",
        "other_trial",
    }


def test_death_is_part_of_the_endpoint_and_all_else_is_followed_on():
    strategies = {h.event.id: h.strategy for h in handlings(protocol())}
    assert strategies.pop("death") == "composite"
    assert set(strategies.values()) == {"treatment_policy"}
    assert not any(h.stated or h.sensitivity for h in handlings(protocol()))


def test_no_default_asks_for_a_world_nobody_observed():
    assert not [e.id for e in EVENTS if e.default in SENSITIVITY_ONLY]
    assert all(e.default not in e.sensitivity for e in EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.id)
def test_every_event_is_told_in_both_languages(event):
    assert all((event.title, event.title_es, event.meaning, event.meaning_es))
    assert event.meaning != event.meaning_es


def test_what_the_study_says_is_no_default_and_a_sensitivity_stands_beside_it():
    plan = protocol(
        Intercurrent("ecmo", "treatment_policy"), Intercurrent("tocilizumab", "hypothetical", role="sensitivity")
    )
    assert list(misfits(plan)) == []
    by_id = {h.event.id: h for h in handlings(plan)}
    assert by_id["ecmo"].stated and not by_id["tocilizumab"].stated
    assert by_id["tocilizumab"].strategy == "treatment_policy"
    assert by_id["tocilizumab"].sensitivity == ("hypothetical",)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.id)
@pytest.mark.parametrize("strategy", SENSITIVITY_ONLY)
def test_an_unobserved_world_is_never_primary(event, strategy):
    (wrong,) = misfits(protocol(Intercurrent(event.id, strategy)))
    assert wrong.key == "strategy" and "sensitivity only" in wrong.sentence and event.default in wrong.remedy


def test_a_primary_strategy_the_analysis_does_not_carry_out_is_refused():
    assert list(misfits(protocol(Intercurrent("ecmo", "composite")))) == [
        Misfit(
            0,
            "strategy",
            'ecmo: strategy = "composite" is not what the primary analysis does.',
            'Write strategy = "treatment_policy", or add role = "sensitivity".',
        )
    ]


def test_nobody_dead_has_a_principal_stratum():
    (wrong,) = misfits(protocol(Intercurrent("death", "principal_stratum", role="sensitivity")))
    assert wrong.remedy == "Use while_on_treatment, or remove it."


def test_an_event_stands_once():
    twice = Intercurrent("transfer", "treatment_policy")
    (wrong,) = misfits(protocol(twice, twice))
    assert (wrong.place, wrong.sentence) == (1, "transfer stands twice as primary.")


@pytest.mark.parametrize(
    ("event", "meant"),
    [("ECMO", "ecmo"), ("later doses", "later_dose"), ("withdrawal of care", "withdrawal_of_care"), ("deth", "death")],
)
def test_a_misspelt_event_is_told_with_the_one_that_was_meant(tmp_path, event, meant):
    text = f'[[intercurrent]]\nevent = "{event}"\nstrategy = "treatment_policy"\n'
    assert told(tmp_path, text) == [
        (f'intercurrent 1: event = "{event}" is no intercurrent event.', f"Did you mean {meant}?", 5)
    ]


def test_an_event_nobody_knows_is_told_with_all_of_them(tmp_path):
    ((_, remedy, _),) = told(tmp_path, '[[intercurrent]]\nevent = "xyzzy"\nstrategy = "composite"\n')
    assert all(e.id in remedy for e in EVENTS)


def test_a_strategy_that_is_not_allowed_is_told_on_its_line(tmp_path):
    text = (
        '[[intercurrent]]\nevent = "ecmo"\nstrategy = "treatment_policy"\n'
        '[[intercurrent]]\nevent = "transfer"\nstrategy = "hypothetical"\n'
    )
    assert told(tmp_path, text) == [
        (
            'intercurrent 2: transfer: strategy = "hypothetical" is for sensitivity only.',
            'Write strategy = "treatment_policy", or add role = "sensitivity".',
            9,
        )
    ]


def test_a_strategy_nobody_knows_is_told(tmp_path):
    ((sentence, remedy, _),) = told(tmp_path, '[[intercurrent]]\nevent = "ecmo"\nstrategy = "per_protocol"\n')
    assert "per_protocol" in sentence and "treatment_policy" in remedy


ROBINS = '[[robins]]\nid = "robins.d5"\njudgement = "low"\nby = "M. Ruiz"\nreason = "death registry"\n'


def test_a_judgement_of_a_person_is_read(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY + ROBINS, encoding="utf-8")
    problems = []
    (row,) = read_protocol(tmp_path, problems).robins
    assert problems == [] and (row.id, row.judgement, row.by) == ("robins.d5", "low", "M. Ruiz")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('by = "M. Ruiz"', 'by = " "', "by is empty"),
        ('reason = "death registry"', 'reason = ""', "reason is empty"),
        ('"robins.d5"', '"robins.d9"', "is not known"),
        ('"low"', '"fine"', "is not known"),
        ('by = "M. Ruiz"\n', "", "by is missing"),
        (ROBINS, ROBINS + ROBINS, "stands twice"),
    ],
)
def test_a_judgement_without_name_reason_or_sense_is_told(tmp_path, old, new, said):
    assert old in ROBINS
    ((sentence, remedy, line),) = told(tmp_path, ROBINS.replace(old, new))
    assert said in sentence and remedy and line
