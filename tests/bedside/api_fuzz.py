"""Requests made from the OpenAPI document, one led by the answer of another, under names that are there and others."""

import random
import sqlite3
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as conformance
from two_wards import ACCOUNT, HOST, TwoWards, keys_for, site_of

from onearm.bedside.acts.registry import ACTS
from onearm.bedside.context import COOKIE
from onearm.bedside.policy import policies

_KNOWN = 0.8  # share of names in paths that are there
_STEPS = 10  # requests of one course
CHECKS = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
]


@dataclass
class Found:
    """What was answered; `wrong`: operation and kind of fault -> the first message."""

    cases: int = 0
    statuses: Counter = field(default_factory=Counter)
    operations: set = field(default_factory=set)
    wrong: dict = field(default_factory=dict)


class Fuzzed(TwoWards):
    """Two wards that every course finds as they were."""

    def __init__(self, folder):
        super().__init__(folder)
        for account in ACCOUNT.values():
            self.ask(account, "/role")
        self.csrf = {account: self.ward.csrf(account) for account in ACCOUNT.values()}
        self.kept = sqlite3.connect(":memory:")
        with self._live() as live:
            live.backup(self.kept)

    def _live(self):
        return sqlite3.connect(self.folder / "ledger.sqlite")

    def as_it_was(self):
        with self._live() as live:
            self.kept.backup(live)
        live.close()


class Fuzz:
    """Requests to the app of two wards; who asks and under which name is drawn from what is asked."""

    def __init__(self, two, seed):
        self.two, self.seed, self.found, self.known = two, seed, Found(), _names(two)
        self.schema = schemathesis.openapi.from_dict(two.ward.app.openapi())
        self.schema.app = two.ward.app
        self.schema.apply_stateful_inference(None)
        self.by_path = {f"/api{act.path}".replace(":path", ""): act for act in ACTS.values()}
        self.wanted = settings(
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )

    def courses(self, cases):
        """At least so many requests, one led by the answer of another."""
        fuzz = self

        class Machine(self.schema.as_state_machine()):
            def setup(self):
                fuzz.two.as_it_was()

            def before_call(self, case):
                self.headers = fuzz.asked_by(case)

            def get_call_kwargs(self, case):
                return {"headers": self.headers, "base_url": HOST}

            def validate_response(self, response, case, additional_checks=None, **kwargs):
                fuzz.look(response, case)

        enough, rounds = self.found.cases + cases, 0
        while self.found.cases < enough:
            seeded(self.seed + rounds)(Machine)
            rounds += 1
            Machine.run(settings=settings(self.wanted, max_examples=max(1, (enough - self.found.cases) // _STEPS)))

    def each(self, cases):
        """So many requests to every operation, right ones and wrong ones, on what the ones before wrote."""
        for result in self.schema.get_all_operations():
            operation = result.ok()
            self.two.as_it_was()
            for mode in GenerationMode:
                with suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked
                    self._ask(operation.as_strategy(generation_mode=mode), cases // 2)

    def _ask(self, strategy, cases):
        @seeded(self.seed)
        @settings(self.wanted, max_examples=cases)
        @given(strategy)
        def ask(case):
            self.look(case.call(headers=self.asked_by(case), base_url=HOST), case)

        ask()

    def asked_by(self, case):
        """Puts names that are there into the path; the headers of somebody who mostly may."""
        draw = random.Random(f"{self.seed} {case.operation.label} {case.path_parameters} {case.body}")
        action = case.operation.definition.raw.get("x-action")
        roles = [*policies()[action].scopes] if action in policies() and draw.random() < 0.9 else [*ACCOUNT]
        account, act = ACCOUNT[draw.choice(roles)], self.by_path.get(case.path)
        for name in case.path_parameters or {}:
            there = keys_for(self.two, act.about, site_of(account)) if act else self.known[name]
            there = [key for key in there if key]
            if there and draw.random() < _KNOWN:
                case.path_parameters[name] = draw.choice(there)
        cookie = f"{COOKIE}={self.two.tokens[account]}"
        return {"cookie": cookie, "origin": HOST, "x-csrf-token": self.two.csrf[account]}

    def look(self, response, case):
        """Counts the answer and holds it against the document."""
        found = self.found
        found.cases += 1
        found.statuses[response.status_code] += 1
        found.operations.add(case.operation.label)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as failures:  # all are told at the end
            for one in failures.exceptions:
                found.wrong.setdefault((case.operation.label, type(one).__name__), str(one)[:2000])


def _names(two):
    """Parameter of a path that is of no act -> names that are there."""
    subjects = [two.subject, two.mirror(two.subject)]
    return {
        "subject_id": subjects,
        "container_id": [two.bag, two.mirror(two.bag)],
        "lot_id": ["LOT-1", "LOT-2"],
        "image_id": [two.keys["image"], two.mirror(two.keys["image"])],
        "table": ["subjects", "weights", "lots"],
        "key": [*subjects, f"{two.subject}-W1", "LOT-1"],
        "freeze_id": [two.keys["freeze"]],
        "account_id": ["NU1", "NU2"],
        "site_id": ["S01", "S02"],
    }
