"""Steps 1 and 2: a lot with its materials and containers, its tests and their verification."""

from onearm.bedside.act import Act, Answers, Plan, Refusal, Row, changed, next_name
from onearm.bedside.field import Option, fields_of, of
from onearm.bedside.labels.check_characters import new_container_id
from onearm.bedside.naming import used_numbers
from onearm.bedside.situation import Situation
from onearm.product.lot_status import verdict_of
from onearm.product.recall import recall_rows


def _specifications(situation: Situation) -> list[Option]:
    names = sorted({row["specification_id"] for row in situation.view.rows("specifications")})
    return [(name, name) for name in names]


def _record(situation: Situation, answers: Answers) -> Plan:
    values = {"site_id": situation.person.site_id, **answers}
    return Plan((Row("lots", values),), answers["harvested_at"], go_to=f"/lots/{answers['lot_id']}")


def _material(situation: Situation, answers: Answers) -> Plan:
    lot = situation.the()
    line = 1 + max(used_numbers(situation.view, "lot_materials", f"{lot['lot_id']}/"), default=0)
    values = {"site_id": lot["site_id"], "lot_id": lot["lot_id"], "line_no": line, **answers}
    return Plan((Row("lot_materials", values),), answers["used_at"])


def _fill(situation: Situation, answers: Answers) -> Plan:
    """Every container of the lot at once, each with its first event: the label sheet follows."""
    lot = situation.the()
    if not situation.records["containers"].is_empty():
        raise Refusal("refused.filled", lot=lot["lot_id"])
    kinds = set(situation.records["lot_materials"]["kind"])
    if "donor_tissue" not in kinds:
        raise Refusal("refused.no_donor_tissue", lot=lot["lot_id"])
    rows = []
    for number in range(1, lot["containers_made"] + 1):
        name = new_container_id()
        own = {"site_id": lot["site_id"], "container_id": name}
        rows.append(
            Row(
                "containers",
                {
                    **own,
                    "lot_id": lot["lot_id"],
                    "container_no": number,
                    "nominal_viable_m": lot["nominal_viable_m"],
                    "volume_ml": lot["product_volume_ml"],
                },
            )
        )
        made = {"custody_id": f"{name}-1", "event": "made", "actor_id": situation.person.account_id}
        rows.append(
            Row("custody", {**own, **made, "occurred_at": answers["filled_at"], "to_place": answers["to_place"]})
        )
    return Plan(tuple(rows), answers["filled_at"])


def _test(situation: Situation, answers: Answers) -> Plan:
    """The verdict follows from the specification; nobody types a pass."""
    lot = situation.the()
    name = next_name(situation, "lot_tests", lot["lot_id"], "T")
    earlier = [
        t["replicate"]
        for t in situation.records["lot_tests"].iter_rows(named=True)
        if (t["test"], t["stage"]) == (answers["test"], answers["stage"])
    ]
    values = {
        "site_id": lot["site_id"],
        "lot_test_id": name,
        "lot_id": lot["lot_id"],
        "replicate": 1 + max(earlier, default=0),
        "raw_value": answers["result_text"] or _digits(answers["value"]),
        "comparator": answers["comparator"] or "=",
        "analyst_id": situation.person.account_id,
        **{k: v for k, v in answers.items() if k != "comparator"},
    }
    if values["value"] is None and values["result_text"] is None:
        raise Refusal("refused.no_result")
    verdict = verdict_of(values, situation.records["specifications"].to_dicts())
    done_at = answers["reported_at"] or answers["sampled_at"]
    return Plan((Row("lot_tests", {**values, "verdict": verdict}),), done_at)


def _digits(value: object) -> str:
    return "" if value is None else f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def _verify(situation: Situation, answers: Answers) -> Plan:
    """A failed test on a released lot recalls it in the same transaction."""
    test = situation.the()
    row = Row("lot_tests", changed(test, verifier_id=situation.person.account_id), test["version"])
    told = {"test": test["test"], "lot": test["lot_id"], "result": test["raw_value"], "verdict": test["verdict"]}
    rows = [row, *_recall_if_needed(situation, test)]
    return Plan(tuple(rows), None, reason="verified", statement=told)


def _recall_if_needed(situation: Situation, test: object) -> list[Row]:
    lot_id = situation.the()["lot_id"]
    if situation.the()["verdict"] != "fail":
        return []
    rows = recall_rows(
        situation.records,
        lot_id,
        now=situation.now,
        actor_id=situation.person.account_id,
        site_id=situation.person.site_id,
        reason=f"failed test {situation.key}",
    )
    return [Row(table, values) for table, values in rows]


ACTS = (
    Act(
        id="record-lot",
        action="record_lot",
        about="study",
        step=1,
        fields=(
            *fields_of("lots", "lot_id", "product_code", "cell_source", "donor_id", "donor_kind", "donation_code"),
            *fields_of("lots", "passage", "population_doublings", "form", "harvested_at", "frozen_at"),
            *fields_of("lots", "freezing_medium", "dmso_percent", "nominal_viable_m", "product_volume_ml"),
            *fields_of("lots", "containers_made", "storage_c", "expires_at"),
            of("lots", "specification_id", kind="choice", options=_specifications),
        ),
        build=_record,
    ),
    Act(
        id="record-material",
        action="record_lot",
        about="lot",
        step=1,
        fields=fields_of("lot_materials", "kind", "name", "supplier", "batch", "expires_at", "used_at"),
        build=_material,
    ),
    Act(
        id="fill-containers",
        action="record_lot",
        about="lot",
        step=1,
        fields=(of("custody", "occurred_at", name="filled_at"), of("custody", "to_place", required=True)),
        build=_fill,
        fits=lambda situation: situation.records["containers"].is_empty(),
    ),
    Act(
        id="enter-test",
        action="enter_test",
        about="lot",
        step=2,
        fields=(
            *fields_of("lot_tests", "test", "stage", "method"),
            of("lot_tests", "comparator", required=False),
            *fields_of("lot_tests", "value", "raw_unit", "result_text", "sampled_at", "reported_at"),
        ),
        build=_test,
        prefill=lambda situation: {"stage": "final", "comparator": "=", "raw_unit": "%"},
    ),
    Act(
        id="verify-test",
        action="verify_test",
        about="lot_test",
        step=2,
        fields=(),
        build=_verify,
        fits=lambda situation: situation.the()["verifier_id"] is None,
        meaning="verified",
        changes=True,
    ),
)
