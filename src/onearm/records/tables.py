"""All record tables by name, in the order data arises, and the keys that join them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import dataframely as dy

from onearm.records.adverse_events import AdverseEvents
from onearm.records.consents import Consents
from onearm.records.containers import Containers
from onearm.records.custody import Custody
from onearm.records.dose_orders import DoseOrders
from onearm.records.eligibility_checks import EligibilityChecks
from onearm.records.episodes import Episodes
from onearm.records.image_reads import ImageReads
from onearm.records.infusion_containers import InfusionContainers
from onearm.records.infusions import Infusions
from onearm.records.lot_materials import LotMaterials
from onearm.records.lot_tests import LotTests
from onearm.records.lots import Lots
from onearm.records.measurements import Measurements
from onearm.records.outcomes import Outcomes
from onearm.records.release_decisions import ReleaseDecisions
from onearm.records.sources import Sources
from onearm.records.specifications import Specifications
from onearm.records.subjects import Subjects
from onearm.records.treatment_decisions import TreatmentDecisions
from onearm.records.visits import Visits
from onearm.records.weights import Weights

SCHEMA_VERSION = "onearm.records/1"

PRODUCT_TABLES: Mapping[str, type[dy.Schema]] = MappingProxyType(
    {
        "specifications": Specifications,
        "lots": Lots,
        "lot_materials": LotMaterials,
        "lot_tests": LotTests,
        "release_decisions": ReleaseDecisions,
        "containers": Containers,
        "custody": Custody,
    }
)
PATIENT_TABLES: Mapping[str, type[dy.Schema]] = MappingProxyType(
    {
        "sources": Sources,
        "subjects": Subjects,
        "consents": Consents,
        "eligibility_checks": EligibilityChecks,
        "treatment_decisions": TreatmentDecisions,
        "weights": Weights,
        "dose_orders": DoseOrders,
        "infusions": Infusions,
        "infusion_containers": InfusionContainers,
        "measurements": Measurements,
        "visits": Visits,
        "episodes": Episodes,
        "image_reads": ImageReads,
        "adverse_events": AdverseEvents,
        "outcomes": Outcomes,
    }
)
TABLES: Mapping[str, type[dy.Schema]] = MappingProxyType({**PRODUCT_TABLES, **PATIENT_TABLES})


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`table`.`column` names a row of `target`, in the column of that name there. Null is no reference."""

    table: str
    column: str
    target: str
    target_column: str


def _keys() -> tuple[ForeignKey, ...]:
    home = {
        "specification_id": "specifications",
        "lot_id": "lots",
        "container_id": "containers",
        "source_id": "sources",
        "subject_id": "subjects",
        "weight_id": "weights",
        "dose_order_id": "dose_orders",
        "infusion_id": "infusions",
    }
    return tuple(
        ForeignKey(table, column, home[column], column)
        for table, schema in TABLES.items()
        for column in schema.column_names()
        if column in home and home[column] != table
    )


FOREIGN_KEYS: tuple[ForeignKey, ...] = _keys()
