"""Product tables of a ward: what the lots are, what they showed, their release and their bags. All numbers assumed."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.physiology.randomness import Process, normal
from onearm.physiology.tables.bag_contents import fuller
from onearm.physiology.tables.table_columns import UNIT, decimal_text, moment, rounded, table
from onearm.physiology.tables.ward import DAY, HOUR, Minutes, Ward
from onearm.vocabulary.identifiers import with_check_character

BAGS_PER_LOT = 10
BAG_MILLION = 150  # viable cells by the label, 10^6: one dose of 10^6/kg up to 140 kg
BAG_ML = 20
STORAGE_C = -150
_SPECIFICATION = "VSPEC-1"
_LEAD_DAYS = 120  # all lots before the first possible patient
_SHELF_DAYS = 730
_VIABILITY_SHOWN = (72.0, 61.4)  # %: least of a lot that is released, that of a lot that is rejected
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
    good = -(-bags // BAGS_PER_LOT)
    lot = np.arange(good + ward.conduct.product.lots_rejected, dtype=np.int64)
    made = made_at(ward, lot)
    ids = lot_ids(lot)
    filled = np.where(lot < good, np.minimum(bags - lot * BAGS_PER_LOT, BAGS_PER_LOT), BAGS_PER_LOT)
    return {
        "specifications": _specifications(ward),
        "lots": _lots(ward, ids, made, filled),
        "lot_materials": _materials(ward, ids, made),
        "lot_tests": _tests(ward, lot, made, lot >= good),
        "release_decisions": _releases(ward, ids, lot >= good),
        "containers": _containers(ward, np.concatenate([np.arange(bags, dtype=np.int64), rejected_bags(ward)])),
    }


def bags_made(ward: Ward) -> int:
    """How many bags there are."""
    needed = int(ward.bag.max(initial=-1)) + 1
    return needed if ward.conduct.containers is None else ward.conduct.containers


def rejected_bags(ward: Ward) -> NDArray[np.int64]:
    """Bags of the lots that were rejected: whole lots after the others."""
    first = -(-bags_made(ward) // BAGS_PER_LOT) * BAGS_PER_LOT
    return first + np.arange(ward.conduct.product.lots_rejected * BAGS_PER_LOT, dtype=np.int64)


def rejected_at(ward: Ward, lot: NDArray[np.int64]) -> Minutes:
    """When the qualified person decided on each lot."""
    return made_at(ward, lot) + 15 * DAY


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
        "nominal_viable_m": _label(ward),
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


def _tests(ward: Ward, lot: NDArray[np.int64], made: Minutes, rejected: NDArray[np.bool_]) -> pl.DataFrame:
    """One row per test and lot; a rejected lot fails its viability."""
    ids = lot_ids(lot)
    share = 93 + 1.5 * normal(ward.key, Process.LOT, lot)
    if ward.lot_viability is not None:
        share = 100 * ward.lot_viability[lot] + normal(ward.key, Process.LOT, lot, draw=1)
    least, fails = _VIABILITY_SHOWN
    viability = decimal_text(rounded(np.where(rejected, fails, np.clip(share, least, 99)), 1), 1)
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
            "verdict": np.where(rejected, "fail", "pass") if result is None else "pass",
            "sampled_at": moment(made + HOUR),
            "reported_at": moment(made + 14 * DAY),
            "analyst_id": f"{UNIT}-ANALYST1",
            "verifier_id": f"{UNIT}-ANALYST2",
        }
        frames.append(table(ward, UNIT, columns))
    return pl.concat(frames)


def _releases(ward: Ward, ids: list[str], rejected: NDArray[np.bool_]) -> pl.DataFrame:
    columns = {
        "decision_id": [f"{i}-R1" for i in ids],
        "lot_id": ids,
        "decision": np.where(rejected, "reject", "release"),
        "decided_at": moment(rejected_at(ward, np.arange(len(ids)))),
        "decided_by": f"{UNIT}-QP",
        "reason": np.where(rejected, "viability below the limit", "all tests of the specification pass"),
    }
    return table(ward, UNIT, columns)


def _label(ward: Ward) -> str:
    """Viable cells by the label of a bag, 10^6."""
    return f"{BAG_MILLION * fuller(ward.conduct.m_per_kg):g}"


def _containers(ward: Ward, bag: NDArray[np.int64]) -> pl.DataFrame:
    columns = {
        "container_id": bag_ids(bag),
        "lot_id": lot_ids(bag // BAGS_PER_LOT),
        "container_no": bag % BAGS_PER_LOT + 1,
        "nominal_viable_m": _label(ward),
        "volume_ml": str(BAG_ML),
    }
    return table(ward, UNIT, columns)
