"""Product tables of a ward: what the lots are, what they showed, their release and their bags. All numbers assumed."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.randomness import Process, normal
from onearm.physiology.table_columns import UNIT, decimal_text, moment, rounded, table
from onearm.physiology.ward import DAY, HOUR, Minutes, Ward
from onearm.vocabulary.identifiers import with_check_character

BAGS_PER_LOT = 10
BAG_MILLION = 150  # viable cells by the label, 10^6: one dose of 10^6/kg up to 140 kg
BAG_ML = 20
STORAGE_C = -150
_SPECIFICATION = "VSPEC-1"
_LEAD_DAYS = 120  # all lots before the first possible patient
_SHELF_DAYS = 730
# test, unit, low, high, expected text, result (None: drawn); limits as in the default rule book
_TESTS: tuple[tuple[str, str, str | None, str | None, str | None, str | None], ...] = (
    ("viability", "%", "70", "100", None, None),
    ("cd73", "%", "95", "100", None, "99"),
    ("cd90", "%", "95", "100", None, "99"),
    ("cd105", "%", "95", "100", None, "98"),
    ("negative_panel", "%", "0", "2", None, "0.5"),
    ("sterility", "1", None, None, "negative", "negative"),
    ("mycoplasma", "1", None, None, "negative", "negative"),
)


def product_tables(ward: Ward) -> dict[str, pl.DataFrame]:
    """specifications, lots, lot_materials, lot_tests, release_decisions, containers; empty when no bag was made."""
    bags = bags_made(ward)
    if bags == 0:
        return {}
    lot = np.arange(-(-bags // BAGS_PER_LOT), dtype=np.int64)
    made = made_at(ward, lot)
    ids = lot_ids(lot)
    return {
        "specifications": _specifications(ward),
        "lots": _lots(ward, ids, made, np.minimum(bags - lot * BAGS_PER_LOT, BAGS_PER_LOT)),
        "lot_materials": _materials(ward, ids, made),
        "lot_tests": _tests(ward, lot, made),
        "release_decisions": _releases(ward, ids, made),
        "containers": _containers(ward, np.arange(bags, dtype=np.int64)),
    }


def bags_made(ward: Ward) -> int:
    """How many bags there are."""
    needed = int(ward.bag.max(initial=-1)) + 1
    return needed if ward.conduct.containers is None else ward.conduct.containers


def bag_ids(bag: NDArray[np.int64]) -> list[str]:
    """Ten characters and their check character."""
    return [with_check_character(f"V{b + 1:09}") for b in bag.tolist()]


def lot_ids(lot: NDArray[np.int64]) -> list[str]:
    """`VLOT-01` for lot 0."""
    return [f"VLOT-{n + 1:02}" for n in lot.tolist()]


def made_at(ward: Ward, lot: NDArray[np.int64]) -> Minutes:
    """When each lot was harvested: all on one day."""
    return np.full(lot.size, ward.conduct.opened + 9 * HOUR - _LEAD_DAYS * DAY, dtype=np.int64)


def _specifications(ward: Ward) -> pl.DataFrame:
    columns = {
        "specification_id": _SPECIFICATION,
        "specification_version": 1,
        "test": [t[0] for t in _TESTS],
        "stage": "final",
        "method": "virtual",
        "unit": [t[1] for t in _TESTS],
        "low": [t[2] for t in _TESTS],
        "high": [t[3] for t in _TESTS],
        "expected_text": [t[4] for t in _TESTS],
        "required_for": "release",
    }
    return table(ward, UNIT, columns)


def _lots(ward: Ward, ids: list[str], made: Minutes, bags: NDArray[np.int64]) -> pl.DataFrame:
    columns = {
        "lot_id": ids,
        "product_code": "VIRTUAL-AT-MSC",
        "cell_source": "adipose",
        "donor_id": [f"VDONOR-{i}" for i in ids],
        "donor_kind": "allogeneic",
        "passage": 4,
        "form": "cryopreserved",
        "harvested_at": moment(made),
        "frozen_at": moment(made + 2 * HOUR),
        "freezing_medium": "albumin and dimethyl sulfoxide",
        "dmso_percent": "10",
        "nominal_viable_m": str(BAG_MILLION),
        "product_volume_ml": str(BAG_ML),
        "containers_made": bags,
        "storage_c": str(STORAGE_C),
        "expires_at": moment(made + _SHELF_DAYS * DAY),
        "specification_id": _SPECIFICATION,
    }
    return table(ward, UNIT, columns)


def _materials(ward: Ward, ids: list[str], made: Minutes) -> pl.DataFrame:
    columns = {
        "lot_id": ids,
        "line_no": 1,
        "kind": "donor_tissue",
        "name": "adipose tissue",
        "supplier": "virtual tissue establishment",
        "batch": [f"VDONOR-{i}" for i in ids],
        "used_at": moment(made - 30 * DAY),
    }
    return table(ward, UNIT, columns)


def _tests(ward: Ward, lot: NDArray[np.int64], made: Minutes) -> pl.DataFrame:
    ids = lot_ids(lot)
    viability = decimal_text(rounded(np.clip(93 + 1.5 * normal(ward.key, Process.LOT, lot), 85, 99), 1), 1)
    frames = []
    for test, unit, _, _, expected, result in _TESTS:
        shown: Any = viability if result is None else result
        columns = {
            "lot_test_id": [f"{i}-{test.upper().replace('_', '-')}" for i in ids],
            "lot_id": ids,
            "test": test,
            "stage": "final",
            "replicate": 1,
            "method": "virtual",
            "raw_value": shown,
            "comparator": "=",
            "raw_unit": unit,
            "value": pl.Series([None] * lot.size, dtype=pl.String) if expected else shown,
            "result_text": pl.Series([expected] * lot.size, dtype=pl.String),
            "verdict": "pass",
            "sampled_at": moment(made + HOUR),
            "reported_at": moment(made + 14 * DAY),
            "analyst_id": f"{UNIT}-ANALYST1",
            "verifier_id": f"{UNIT}-ANALYST2",
        }
        frames.append(table(ward, UNIT, columns))
    return pl.concat(frames)


def _releases(ward: Ward, ids: list[str], made: Minutes) -> pl.DataFrame:
    columns = {
        "decision_id": [f"{i}-R1" for i in ids],
        "lot_id": ids,
        "decision": "release",
        "decided_at": moment(made + 15 * DAY),
        "decided_by": f"{UNIT}-QP",
        "reason": "all tests of the specification pass",
    }
    return table(ward, UNIT, columns)


def _containers(ward: Ward, bag: NDArray[np.int64]) -> pl.DataFrame:
    columns = {
        "container_id": bag_ids(bag),
        "lot_id": lot_ids(bag // BAGS_PER_LOT),
        "container_no": bag % BAGS_PER_LOT + 1,
        "nominal_viable_m": str(Decimal(BAG_MILLION)),
        "volume_ml": str(BAG_ML),
    }
    return table(ward, UNIT, columns)
