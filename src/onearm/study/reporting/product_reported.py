"""The cell product as a publication tells it: the keys of reported.toml that answer each reporting item."""

from collections.abc import Mapping

from onearm.protocol.reported import NOT_REPORTED, Reported, ReportedSeries
from onearm.study.reporting.figure_words import comma, plain
from onearm.study.reporting.item import Cell, filled, missing

PRODUCT, DOSES = "reported.toml [product]", "reported.toml [doses]"
#: item -> keys of [product] that answer it, the first one told counts
KEYS: Mapping[str, tuple[str, ...]] = {
    "tissue": ("tissue", "cells"),
    "donor": ("donor",),
    "relation": ("relation",),
    "passage": ("passage",),
    "markers": ("markers",),
    "viability": ("viability",),
    "potency": ("potency",),
    "vehicle": ("vehicle",),
    "fresh_or_thawed": ("fresh_or_thawed",),
    "dose_per_kg": ("dose_per_kg", "cells_per_dose_median"),
    "route": ("route",),
    "release": ("release",),
    "immune_match": ("immune_match",),
}
_RELATIONS = {"allogeneic": "alogénico", "autologous": "autólogo"}


def reported_cell(series: ReportedSeries, item: str) -> Cell:
    """What the publication says of one item; missing with the key to fill."""
    if item == "number_of_doses":
        return _doses(series)
    for key in KEYS[item]:
        told = series.product.get(key, NOT_REPORTED)
        if told.value is not None:
            return _told(told, key)
    if item == "relation":
        cells = str(series.product.get("cells", NOT_REPORTED).value or "").lower()
        for word, word_es in _RELATIONS.items():
            if word in cells:
                return filled((word, word_es), PRODUCT)
    key = KEYS[item][0]
    return missing((f"not reported: [product] {key}", f"no consta: [product] {key}"), PRODUCT)


def _told(told: Reported, key: str) -> Cell:
    number = told.number()
    unit = f" {told.unit}" if told.unit else ""
    middle, middle_es = (", median", ", mediana") if key.endswith("_median") else ("", "")
    status = told.status.value.replace("_", " ")
    if number is None:
        return filled((f"{told.value} ({status})", f"«{told.value}» ({_STATUS[told.status.value]})"), PRODUCT)
    en = f"{plain(number)}{unit}{middle} ({status})"
    return filled((en, f"{comma(plain(number))}{unit}{middle_es} ({_STATUS[told.status.value]})"), PRODUCT)


_STATUS = {
    "verified": "verificado",
    "verified_percent": "verificado el porcentaje",
    "derived": "derivado",
    "stated": "según una descripción",
    "unknown": "desconocido",
}


def _doses(series: ReportedSeries) -> Cell:
    by_number, total = series.patients_by_doses(), series.infusions()
    if not by_number and total is None:
        return missing(("not reported: [doses]", "no consta: [doses]"), DOSES)
    parts = [f"{k} {'dose' if k == 1 else 'doses'} in {n}" for k, n in sorted(by_number.items())]
    parts_es = [f"{k} dosis en {n}" for k, n in sorted(by_number.items())]
    if total is not None:
        parts.append(f"{total} infusions")
        parts_es.append(f"{total} infusiones")
    return filled(("; ".join(parts), "; ".join(parts_es)), DOSES)
