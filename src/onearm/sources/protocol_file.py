"""`study.toml` to a Protocol: every unknown key, wrong value and senseless rule with its line."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from onearm.protocol.eligibility import SAME, Asked, asked_name, check_rule, in_toml
from onearm.protocol.intercurrent import EVENTS, misfits
from onearm.protocol.study import Protocol
from onearm.records.episodes import KINDS
from onearm.results.problems import Problem
from onearm.sources.typed_file import build, line_of, read_toml
from onearm.sources.value_faults import Keys, near, where
from onearm.vocabulary.markers import MARKERS

NAME = "study.toml"
SCHEMA = "onearm.study/1"
LONGEST = 3_650  # days: ten years


def read_protocol(folder: Path, problems: list[Problem]) -> Protocol | None:
    """The protocol of `folder`/study.toml with the hash of its bytes; None after adding what is wrong with it."""
    path = folder / NAME
    raw = read_toml(path, NAME, problems)
    if raw is None:
        return None
    before = len(problems)
    if raw.get("schema", SCHEMA) != SCHEMA:
        told = f"schema = {in_toml(raw['schema'])} is not known."
        problems.append(Problem(NAME, told, f'Write schema = "{SCHEMA}".', line_of(path, ("schema",))))
    if "sha256" in raw:
        problems.append(Problem(NAME, "sha256 is computed.", "Remove it.", line_of(path, ("sha256",))))
    protocol = build(Protocol, raw, path, NAME, problems)
    if protocol is None:
        return None
    _check_rules(protocol, path, problems)
    _check_names(protocol, path, problems)
    _check_intercurrent(protocol, path, problems)
    _check_robins(protocol, path, problems)
    if len(problems) > before:
        return None
    return replace(protocol, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _check_rules(protocol: Protocol, path: Path, problems: list[Problem]) -> None:
    seen = set[str]()
    for k, rule in enumerate(protocol.population.rules):
        line = line_of(path, ("population", "rules", k))
        if rule.id in seen:
            problems.append(Problem(NAME, f"rule {rule.id} stands twice.", "Give each rule its own id.", line))
        seen.add(rule.id)
        problems.extend(Problem(NAME, sentence, remedy, line) for sentence, remedy in check_rule(rule))


def _check_names(protocol: Protocol, path: Path, problems: list[Problem]) -> None:
    """The treatment, endpoints and settings that types alone do not catch."""

    def wrong(keys: Keys, sentence: str, remedy: str) -> None:
        problems.append(Problem(NAME, sentence, remedy, line_of(path, keys)))

    treat = protocol.strategies
    if treat.treat.strip() == "" or treat.kind not in ("infusions", *KINDS):
        told = f'treat = "{treat.treat}" is no treatment of the records.'
        wrong(("strategies", "treat"), told, 'Write "infusions", or an episode kind and its agent.')
    elif treat.kind == "other_treatment" and treat.agent is None:
        wrong(
            ("strategies", "treat"), "other_treatment needs its agent.", 'Such as "other_treatment heart_transplant".'
        )
    elif treat.kind == "infusions" and treat.agent is not None:
        wrong(("strategies", "treat"), f'treat = "{treat.treat}": infusions have no agent.', 'Write "infusions".')
    for name in protocol.matching.same:
        if name not in SAME:
            told = f'same = "{name}" cannot be matched on.'
            wrong(("matching", "same"), told, "Use sex, site, region, a comorbidity or an episode kind.")
    for name in protocol.matching.markers:
        if name not in MARKERS:
            close = near(name, list(MARKERS))
            told = f"Did you mean {close}?" if close else "docs/reference/markers.md lists them."
            wrong(("matching", "markers", name), f"{name} is no marker.", told)
    for name in protocol.sap.negative_controls:
        if asked_name(name) is not Asked.NUMBER:
            close = near(name, ["age", "apache2", *MARKERS])
            told = f"Did you mean {close}?" if close else "Name a number: age, apache2 or a marker."
            wrong(("sap", "negative_controls"), f'negative_controls = "{name}" is no number of a patient.', told)
    if not protocol.endpoint:
        wrong(("endpoint",), "no [[endpoint]].", "Give the primary one, with horizon_days.")
    for keys, value, low, high in _limits(protocol):
        if value is not None and not low <= value <= high:
            limit = f"{low:,} to {high:,}" if math.isfinite(high) else f"{low:,} or more"
            wrong(keys, f"{where(keys)} = {value}.", f"Give {limit}.")


def _check_intercurrent(protocol: Protocol, path: Path, problems: list[Problem]) -> None:
    """Events nobody knows, with the one that was meant, and strategies the analysis does not carry out."""
    known = [event.id for event in EVENTS]
    for wrong in misfits(protocol):
        remedy = wrong.remedy
        if not remedy:
            close = near(protocol.intercurrent[wrong.place].event.replace(" ", "_"), known)
            remedy = f"Did you mean {close}?" if close else f"Events: {', '.join(known)}."
        line = line_of(path, ("intercurrent", wrong.place, wrong.key))
        problems.append(Problem(NAME, f"intercurrent {wrong.place + 1}: {wrong.sentence}", remedy, line))


def _check_robins(protocol: Protocol, path: Path, problems: list[Problem]) -> None:
    """A judgement of a person carries a name and a reason, and stands once."""
    seen = set[str]()
    for k, row in enumerate(protocol.robins):
        for key, value in (("by", row.by), ("reason", row.reason)):
            if not value.strip():
                told, line = f"robins {k + 1}: {key} is empty.", line_of(path, ("robins", k, key))
                problems.append(Problem(NAME, told, "A judgement needs the name of who judged, and why.", line))
        if row.id in seen:
            line = line_of(path, ("robins", k, "id"))
            problems.append(Problem(NAME, f"robins {k + 1}: {row.id} stands twice.", "Keep one.", line))
        seen.add(row.id)


def _limits(protocol: Protocol) -> Iterator[tuple[Keys, float | None, float, float]]:
    """Numbers of the protocol with the least and the largest that make sense."""
    matching, stopping, sap = protocol.matching, protocol.stopping, protocol.sap
    for k, endpoint in enumerate(protocol.endpoint):
        yield ("endpoint", k, "horizon_days"), endpoint.horizon_days, 1, LONGEST
    for day in protocol.time_zero.landmark_days:
        yield ("time_zero", "landmark_days"), day, 0, LONGEST
    yield ("matching", "age_years"), matching.age_years, 0, 120
    yield ("matching", "calendar_days"), matching.calendar_days, 0, LONGEST
    yield ("matching", "window_days"), matching.window_days, 0, LONGEST
    yield ("matching", "score_caliper"), matching.score_caliper, 0, 5
    yield ("matching", "nearest"), matching.nearest, 1, 1000
    yield ("matching", "per_treated"), matching.per_treated, 1, 20
    yield ("strategies", "grace_days"), protocol.strategies.grace_days, 0, LONGEST
    for name, caliper in matching.markers.items():
        yield ("matching", "markers", name), caliper, 0, math.inf
    yield ("stopping", "limit"), stopping.limit, 0, 1
    yield ("stopping", "certainty"), stopping.certainty, 0, 1
    yield ("sap", "alpha"), sap.alpha, 0.0001, 0.5
    yield ("sap", "gamma_required"), sap.gamma_required, 1, 20
    yield ("sap", "bootstraps"), sap.bootstraps, 100, 1_000_000
    yield ("sap", "seed"), sap.seed, 0, math.inf
