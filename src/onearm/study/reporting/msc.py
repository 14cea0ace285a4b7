"""What a reader must know of a mesenchymal stromal cell product (own words)."""

from collections.abc import Callable
from functools import partial

from onearm.study.reporting.item import Cell, Item, Run, missing, not_applicable
from onearm.study.reporting.product_records import product_cell
from onearm.study.reporting.product_reported import PRODUCT, reported_cell

_ASKED: tuple[tuple[str, str, str], ...] = (
    ("tissue", "Tissue the cells come from", "Tejido del que proceden las células"),
    ("donor", "Donors", "Donantes"),
    ("relation", "Another person's cells or the patient's own", "Células de otra persona o propias"),
    ("passage", "How far they were multiplied", "Cuánto se multiplicaron"),
    ("markers", "Surface markers that say what they are", "Marcadores de superficie que las identifican"),
    ("viability", "Share of living cells", "Proporción de células vivas"),
    ("potency", "Test of what they do", "Ensayo de lo que hacen"),
    ("vehicle", "Liquid they are given in", "Líquido en que se administran"),
    ("fresh_or_thawed", "Fresh or thawed", "Frescas o descongeladas"),
    ("dose_per_kg", "Cells per kg and dose", "Células por kg y dosis"),
    ("number_of_doses", "Doses per patient", "Dosis por paciente"),
    ("route", "Way in", "Vía"),
    ("release", "Who let the lots go, and how", "Liberación de los lotes"),
    ("immune_match", "Match of donor and patient", "Compatibilidad de donante y paciente"),
    ("control_product", "What the compared received instead", "Qué recibieron a cambio los comparados"),
)


def _cell(item: str, run: Run) -> Cell:
    if not run.cells:
        told = ("the treatment is not a cell product", "el tratamiento no es un producto celular")
        return not_applicable(told, "study.toml [strategies]")
    if item == "control_product":
        told = ("one arm: nobody received a control product", "un solo grupo: nadie recibió un producto de control")
        return not_applicable(told, "study.toml [strategies]")
    if run.analysed and run.inputs.records is not None:
        return product_cell(run.inputs.records, item)
    if run.inputs.series is not None:
        return reported_cell(run.inputs.series, item)
    return missing(("not reported", "no consta"), PRODUCT)


def _of(item: str) -> Callable[[Run], Cell]:
    return partial(_cell, item)


ITEMS: tuple[Item, ...] = tuple(Item(f"msc.{id}", text, text_es, _of(id)) for id, text, text_es in _ASKED)
