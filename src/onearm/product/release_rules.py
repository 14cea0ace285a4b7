"""P4: a lot is released on verified tests that pass, by somebody who neither made nor tested it; verdicts are true."""

from collections.abc import Iterator

from onearm.product.hindsight import severity_of
from onearm.product.history import History, Row
from onearm.product.release_needs import RELEASES, makers_and_testers, missing_tests, unsigned, wrong_state
from onearm.product.specification import line_of, verdict_of
from onearm.product.words import shown
from onearm.results.finding import Finding, Severity


def release_has_what_it_needs(history: History) -> Iterator[Finding]:
    """P4: at its time, each decision follows from the status of the lot and rests on the tests it needs."""
    for lot_id, course in history.courses.items():
        for change in course.changes:
            decision = change.decision
            tests = missing_tests(history, course.lot, decision["decision"], change.at)
            for need in (*wrong_state(change.before, decision["decision"]), *tests):
                yield Finding(
                    "P4",
                    severity_of(decision, need.evidence),
                    "release_decisions",
                    decision["decision_id"],
                    need.value,
                    need.limit,
                    f"Lot {lot_id}, {decision['decision']} of {shown(change.at)}: {need.en}.",
                    f"Lote {lot_id}, {decision['decision']} del {shown(change.at)}: {need.es}.",
                    "Wait for the result, reject the lot, or release it out of specification with its signatures.",
                )


def releaser_stands_apart(history: History) -> Iterator[Finding]:
    """P4: whoever made or tested the lot does not release it."""
    for lot_id, course in history.courses.items():
        hands = makers_and_testers(history, lot_id) if course.changes else {}
        for change in course.changes:
            decision = change.decision
            person = decision["decided_by"]
            if decision["decision"] in RELEASES and person in hands:
                yield Finding(
                    "P4",
                    Severity.BLOCK,
                    "release_decisions",
                    decision["decision_id"],
                    person,
                    "nobody who made or tested the lot",
                    f"Lot {lot_id} was released by {person}, who was its {', '.join(hands[person])}.",
                    f"El lote {lot_id} lo liberó {person}, que lo fabricó o analizó ({', '.join(hands[person])}).",
                    "Another qualified person decides.",
                )


def release_is_signed(history: History) -> Iterator[Finding]:
    """P4, where signatures are known: the qualified person signed; out of specification, all three did."""
    for lot_id, course in history.courses.items():
        for change in course.changes:
            decision = change.decision
            roles = unsigned(history, decision)
            if not roles:
                continue
            out_of_spec, who = decision["decision"] == "release_out_of_spec", ", ".join(roles)
            yield Finding(
                "P4",
                Severity.INFORM if out_of_spec else Severity.BLOCK,  # signatures of three come one by one
                "release_decisions",
                decision["decision_id"],
                "not signed",
                who,
                f"Lot {lot_id}, {decision['decision']} of {shown(change.at)}: signatures missing of {who}.",
                f"Lote {lot_id}, {decision['decision']} del {shown(change.at)}: faltan firmas de {who}.",
                "Each signs with the own second factor; until then no bag is issued.",
            )


def verdicts_follow_from_the_limits(history: History) -> Iterator[Finding]:
    """P4: the verdict of a test is that of its value against the specification; nobody types a pass."""
    for lot_id, tests in history.tests.items():
        lot = history.lots.get(lot_id)
        if lot is None:
            continue  # K1 tells it
        for test in tests:
            lines = history.specification_of(lot, test["reported_at"] or test["sampled_at"])
            limits = line_of(test, lines)
            due = verdict_of(test, lines)
            if limits is None or due == test["verdict"]:
                continue
            yield _other_verdict(test, limits, due)


def _other_verdict(test: Row, limits: Row, due: str) -> Finding:
    low, high = (None if limits[end] is None else shown(limits[end]) for end in ("low", "high"))
    wanted = " to ".join(x for x in (low and f"at least {low}", high and f"at most {high}") if x)
    limit = f"{wanted or limits['expected_text']} {'' if limits['unit'] == '1' else limits['unit']}".strip()
    sign = "" if test["comparator"] == "=" else test["comparator"]
    value = test["result_text"] if test["value"] is None else f"{sign}{shown(test['value'])}"
    key, verdict, name = test["lot_test_id"], test["verdict"], test["test"]
    return Finding(
        "P4",
        severity_of(test, limits) if verdict == "pass" else Severity.CONFIRM,
        "lot_tests",
        key,
        f"{verdict}: {value}",
        f"{due}: {limit}",
        f"{name} of lot {test['lot_id']} ({key}): {value} is written down as {verdict}; {limit} makes it {due}.",
        f"{name} del lote {test['lot_id']} ({key}): {value} consta como {verdict}; con {limit} es {due}.",
        "Correct the value or the verdict.",
    )


def specifications_hold_the_rule_book(history: History) -> Iterator[Finding]:
    """P4: the limits of a specification are no looser than the rule book; what it does not ask for is told."""
    book = history.rulebook
    least = {
        "viability": book.viability_low_percent,
        "cd73": book.cd73_low_percent,
        "cd90": book.cd90_low_percent,
        "cd105": book.cd105_low_percent,
    }
    asked = {"sterility": book.sterility_text, "mycoplasma": book.mycoplasma_text}
    for lines in history.specifications.values():
        latest = max(line["specification_version"] for line in lines)
        now = [s for s in lines if s["specification_version"] == latest and s["required_for"] != "information"]
        for s in now:
            if s["test"] in least and s["unit"] == "%" and (s["low"] is None or s["low"] < least[s["test"]]):
                yield _looser(s, shown(s["low"]), f"at least {shown(least[s['test']])} %")
            panel = book.negative_panel_high_percent
            if s["test"] == "negative_panel" and s["unit"] == "%" and (s["high"] is None or s["high"] > panel):
                yield _looser(s, shown(s["high"]), f"at most {shown(panel)} %")
            if s["test"] in asked and (s["expected_text"] or "").casefold() != asked[s["test"]].casefold():
                yield _looser(s, str(s["expected_text"]), asked[s["test"]])
            if s["test"] == "sterility" and s["required_for"] == "second_step" != book.sterility_required_by:
                yield _looser(s, "second_step", book.sterility_required_by)
        wanted = (*least, "negative_panel", "endotoxin", *asked)
        missing = [test for test in wanted if test not in {s["test"] for s in now}]
        if missing:
            yield _unasked(lines[0]["specification_id"], latest, missing)


def _looser(line: Row, value: str, limit: str) -> Finding:
    name, version, test, stage = (line[k] for k in ("specification_id", "specification_version", "test", "stage"))
    return Finding(
        "P4",
        Severity.CONFIRM,
        "specifications",
        f"{name}/{version}/{test}/{stage}",
        value,
        limit,
        f"Specification {name} version {version} asks {value} of {test}; the rule book asks {limit}.",
        f"La especificación {name}, versión {version}, pide {value} de {test}; el libro de reglas pide {limit}.",
        "Correct the specification, or give the limit with its source in rulebook.toml.",
    )


def _unasked(name: str, version: int, missing: list[str]) -> Finding:
    tests = ", ".join(missing)
    return Finding(
        "P4",
        Severity.INFORM,
        "specifications",
        f"{name}/{version}",
        "not asked for",
        tests,
        f"Specification {name} version {version} does not ask for {tests}; the rule book does.",
        f"La especificación {name}, versión {version}, no pide {tests}; el libro de reglas sí.",
        "Say why in the protocol, or add them.",
    )


def passage_is_usual(history: History) -> Iterator[Finding]:
    """P4, told only: a passage outside the range that products were made at."""
    low, high = history.rulebook.passage_low, history.rulebook.passage_high
    for lot_id, lot in history.lots.items():
        if not low <= lot["passage"] <= high:
            limit, limit_es = f"{shown(low)} to {shown(high)}", f"de {shown(low)} a {shown(high)}"
            yield Finding(
                "P4",
                Severity.INFORM,
                "lots",
                lot_id,
                str(lot["passage"]),
                limit,
                f"Lot {lot_id} was harvested at passage {lot['passage']}; usual is {limit}.",
                f"El lote {lot_id} se cosechó en el pase {lot['passage']}; lo habitual es {limit_es}.",
                "Check the number.",
            )
