"""The cell product as its lots, tests, orders and infusions tell it: one phrase per reporting item."""

from collections.abc import Callable, Mapping

import polars as pl

from onearm.cohort.lots_given import lots_given
from onearm.records import Records
from onearm.study.reporting.figure_words import in_spanish, plain, span
from onearm.study.reporting.item import Both, Cell, filled, missing

#: lot tests that say what the cells are
IDENTITY = ("cd73", "cd90", "cd105", "negative_panel", "hla_dr")
_ENGLISH: Mapping[str, str] = {
    "release": "released",
    "release_first_step": "released in a first step",
    "confirm_second_step": "second step confirmed",
    "release_out_of_spec": "released out of specification",
    "reject": "rejected",
    "recall": "recalled",
    "none": "undiluted",
    "pbs_albumin": "PBS with albumin",
    "saline_albumin": "saline with albumin",
}
_WORDS: Mapping[str, str] = {
    "adipose": "tejido adiposo",
    "bone_marrow": "médula ósea",
    "umbilical_cord": "cordón umbilical",
    "other": "otro",
    "allogeneic": "alogénico",
    "autologous": "autólogo",
    "cryopreserved": "criopreservado",
    "fresh": "fresco",
    "central_venous": "vía venosa central",
    "peripheral_venous": "vía venosa periférica",
    "release": "liberado",
    "release_first_step": "liberado en primer paso",
    "confirm_second_step": "segundo paso confirmado",
    "release_out_of_spec": "liberado fuera de especificación",
    "reject": "rechazado",
    "recall": "retirado",
    "none": "sin diluir",
    "saline": "suero salino",
    "ringer_lactate": "ringer lactato",
    "pbs_albumin": "PBS con albúmina",
    "saline_albumin": "suero salino con albúmina",
}


def product_cell(records: Records, item: str) -> Cell:
    """What the records say of one item (its last word: `passage`, `route`, ...); missing where no row tells it."""
    return _CELLS[item](records)


def _lots(records: Records) -> pl.DataFrame:
    """Lots that reached a patient; all of them where the bags of the infusions were not recorded."""
    given = list(lots_given(records)["lot"])
    lots = records["lots"]
    return lots.filter(pl.col("lot_id").is_in(given)) if given else lots


def _counted(frame: pl.DataFrame, column: str, table: str, what: Both) -> Cell:
    """Each value of a column with how many rows have it."""
    counts = frame.group_by(pl.col(column).cast(pl.String)).len().drop_nulls().sort(column)
    if counts.is_empty():
        return _none(table)
    en = ", ".join(f"{_ENGLISH.get(v, str(v).replace('_', ' '))} in {k}" for v, k in counts.iter_rows())
    es = ", ".join(f"{_WORDS.get(v, v)} en {k}" for v, k in counts.iter_rows())
    return filled((f"{en} of {frame.height} {what[0]}", f"{es} de {frame.height} {what[1]}"), f"records/{table}")


_LOTS: Both = ("lots", "lotes")


def _none(table: str) -> Cell:
    return missing(("no row tells it", "ninguna fila lo dice"), f"records/{table}")


def _of_lots(column: str) -> Callable[[Records], Cell]:
    return lambda records: _counted(_lots(records), column, "lots", _LOTS)


def _donor(records: Records) -> Cell:
    donors, lots = _lots(records)["donor_id"].n_unique(), _lots(records).height
    if not lots:
        return _none("lots")
    en = f"{donors} {'donor' if donors == 1 else 'donors'} for {lots} {'lot' if lots == 1 else 'lots'}"
    es = f"{donors} {'donante' if donors == 1 else 'donantes'} para {lots} {'lote' if lots == 1 else 'lotes'}"
    return filled((f"{en}, pseudonyms only", f"{es}, solo seudónimos"), "records/lots")


def _passage(records: Records) -> Cell:
    lots = _lots(records)
    if lots.is_empty():
        return _none("lots")
    passage, doubled = span(lots["passage"]), lots["population_doublings"].drop_nulls()
    en, es = f"passage {passage}", f"pase {in_spanish(passage)}"
    if len(doubled):
        more = span(map(float, doubled))
        en, es = f"{en}, population doublings {more}", f"{es}, duplicaciones {in_spanish(more)}"
    return filled((en, es), "records/lots")


def _tested(*tests: str) -> Callable[[Records], Cell]:
    """Values of final tests of the lots given, one phrase per test."""

    def cell(records: Records) -> Cell:
        lots = _lots(records)["lot_id"].to_list()
        rows = records["lot_tests"].filter(pl.col("lot_id").is_in(lots)).sort("lot_test_id")
        told, told_es = [], []
        for test in tests:
            of = rows.filter((pl.col("test") == test) & (pl.col("verdict") != "not_done"))
            if of.is_empty():
                continue
            name = test.replace("_", " ")
            values = of["value"].drop_nulls()
            units = {u for u in of["raw_unit"] if u != "1"}
            unit = f" {units.pop()}" if len(units) == 1 else ""
            shown = span(map(float, values)) + unit if len(values) else ", ".join(sorted(set(of["raw_value"])))
            passed, n = of.filter(pl.col("verdict") == "pass").height, of.height
            told.append(f"{name} {shown} ({passed} of {n} results pass)")
            told_es.append(f"{name} {in_spanish(shown)} ({passed} de {n} resultados conformes)")
        if not told:
            return _none("lot_tests")
        return filled(("; ".join(told), "; ".join(told_es)), "records/lot_tests")

    return cell


def _viability(records: Records) -> Cell:
    tested = _tested("viability")(records)
    counted = records["infusion_containers"]["viability_percent"].drop_nulls()
    if not len(counted):
        return tested
    shown = f"{span(map(float, counted))} %"
    at, at_es = (
        f"at the bed {shown} in {len(counted)} bags",
        f"en la cabecera {in_spanish(shown)} en {len(counted)} bolsas",
    )
    if not tested.is_filled:
        return filled((at, at_es), "records/infusion_containers")
    said = (f"lots: {tested.en}; {at}", f"lotes: {tested.es}; {at_es}")
    return filled(said, *tested.provenance, "records/infusion_containers")


def _vehicle(records: Records) -> Cell:
    bags, lots = records["infusion_containers"], _lots(records)
    cell = _counted(bags, "diluent", "infusion_containers", ("bags", "bolsas"))
    media = sorted({m for m in lots["freezing_medium"] if m})
    if not cell.is_filled or not media:
        return cell
    medium = ", ".join(media)
    said = (f"{cell.en}; frozen in {medium}", f"{cell.es}; congelado en «{medium}»")
    return filled(said, *cell.provenance, "records/lots")


def _dose(records: Records) -> Cell:
    orders = records["dose_orders"].filter(pl.col("status") != "cancelled")
    if orders.is_empty():
        return _none("dose_orders")
    dose = span(map(float, orders["planned_m_per_kg"]))
    en = f"ordered: {dose} million viable cells per kg in {orders.height} orders"
    millions = "millón" if dose == "1" else "millones"
    es = f"pedido: {in_spanish(dose)} {millions} de células viables por kg en {orders.height} órdenes"
    return filled((en, es), "records/dose_orders")


def _doses(records: Records) -> Cell:
    counts = records["infusions"].group_by("subject_id").len()["len"].value_counts().sort("len")
    if counts.is_empty():
        return _none("infusions")
    en = "; ".join(f"{plain(k)} {'dose' if k == 1 else 'doses'} in {n}" for k, n in counts.iter_rows())
    es = "; ".join(f"{plain(k)} dosis en {n}" for k, n in counts.iter_rows())
    return filled((f"{en} patients", f"{es} pacientes"), "records/infusions")


def _route(records: Records) -> Cell:
    return _counted(records["infusions"], "route", "infusions", ("infusions", "infusiones"))


def _release(records: Records) -> Cell:
    lots = _lots(records)["lot_id"].to_list()
    decisions = records["release_decisions"].filter(pl.col("lot_id").is_in(lots)).sort("decided_at", "decision_id")
    last = decisions.unique("lot_id", keep="last", maintain_order=True)
    return _counted(last, "decision", "release_decisions", _LOTS)


def _immune_match(_: Records) -> Cell:
    told = "no table records tissue type or donor antibodies"
    return missing((told, "ninguna tabla registra el tipaje ni los anticuerpos contra el donante"), "records/lot_tests")


_CELLS: Mapping[str, Callable[[Records], Cell]] = {
    "tissue": _of_lots("cell_source"),
    "donor": _donor,
    "relation": _of_lots("donor_kind"),
    "passage": _passage,
    "markers": _tested(*IDENTITY),
    "viability": _viability,
    "potency": _tested("potency"),
    "vehicle": _vehicle,
    "fresh_or_thawed": _of_lots("form"),
    "dose_per_kg": _dose,
    "number_of_doses": _doses,
    "route": _route,
    "release": _release,
    "immune_match": _immune_match,
}
