"""`study.toml` to a Protocol: every unknown key, wrong value and senseless rule with its line."""

import hashlib
from dataclasses import replace
from pathlib import Path

from onearm.protocol.eligibility import SAME, check_rule
from onearm.protocol.study import Protocol
from onearm.records.episodes import KINDS
from onearm.results.problems import Problem
from onearm.sources.typed_file import build, line_of, read_toml
from onearm.vocabulary.markers import MARKERS

NAME = "study.toml"
SCHEMA = "onearm.study/1"


def read_protocol(folder: Path, problems: list[Problem]) -> Protocol | None:
    """The protocol of `folder`/study.toml with the hash of its bytes; None after adding what is wrong with it."""
    path = folder / NAME
    raw = read_toml(path, NAME, problems)
    if raw is None:
        return None
    before = len(problems)
    if raw.get("schema", SCHEMA) != SCHEMA:
        problems.append(Problem(NAME, f"schema {raw['schema']!r} is not known.", f'Write schema = "{SCHEMA}".', 1))
    if "sha256" in raw:
        problems.append(Problem(NAME, "sha256 is computed.", "Remove it.", line_of(path, ("sha256",))))
    protocol = build(Protocol, raw, path, NAME, problems)
    if protocol is None:
        return None
    _check_rules(protocol, path, problems)
    _check_names(protocol, path, problems)
    if len(problems) > before:
        return None
    return replace(protocol, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _check_rules(protocol: Protocol, path: Path, problems: list[Problem]) -> None:
    rules, seen = protocol.population.rules, set[str]()
    text = path.read_text(encoding="utf-8-sig").splitlines()
    for rule in rules:
        line = next((k for k, told in enumerate(text, 1) if f'"{rule.id}"' in told.replace("'", '"')), None)
        if rule.id in seen:
            problems.append(Problem(NAME, f"rule {rule.id} stands twice.", "Give each rule its own id.", line))
        seen.add(rule.id)
        problems.extend(Problem(NAME, sentence, remedy, line) for sentence, remedy in check_rule(rule))


def _check_names(protocol: Protocol, path: Path, problems: list[Problem]) -> None:
    """The treatment, endpoints and settings that types alone do not catch."""

    def wrong(keys: tuple[str, ...], sentence: str, remedy: str) -> None:
        problems.append(Problem(NAME, sentence, remedy, line_of(path, keys)))

    treat = protocol.strategies
    if treat.treat.strip() == "" or treat.kind not in ("infusions", *KINDS):
        told = f"treat = {treat.treat!r} is no treatment of the records."
        wrong(("strategies", "treat"), told, 'Write "infusions", or an episode kind and its agent.')
    elif treat.kind == "other_treatment" and treat.agent is None:
        wrong(
            ("strategies", "treat"), "other_treatment needs its agent.", 'Such as "other_treatment heart_transplant".'
        )
    for name in protocol.matching.same:
        if name not in SAME:
            told = f"same = {name!r} cannot be matched on."
            wrong(("matching", "same"), told, "Use sex, site, region, a comorbidity or an episode kind.")
    for name in protocol.matching.markers:
        if name not in MARKERS:
            wrong(("matching", "markers"), f"{name!r} is no marker.", "docs/reference/markers.md lists them.")
    if not protocol.endpoint:
        wrong(("endpoint",), "no [[endpoint]].", "Give the primary one, with horizon_days.")
    for endpoint in protocol.endpoint:
        if endpoint.horizon_days < 1:
            told = f"endpoint {endpoint.id}: horizon_days = {endpoint.horizon_days}."
            wrong(("endpoint", "horizon_days"), told, "Give 1 or more days.")
    if not 0 < protocol.sap.alpha < 1:
        wrong(("sap", "alpha"), f"alpha = {protocol.sap.alpha} is no level.", "One-sided, such as 0.05.")
    if protocol.sap.bootstraps < 100:
        wrong(("sap", "bootstraps"), f"bootstraps = {protocol.sap.bootstraps} is too few.", "Give 100 or more.")
    if protocol.sap.seed < 0:
        wrong(("sap", "seed"), f"seed = {protocol.sap.seed}.", "Give 0 or more.")
