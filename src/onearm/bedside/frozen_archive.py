"""A data lock as one file to take away: canonical CSV of every table and a manifest, as a zip."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import polars as pl

from onearm import __version__
from onearm.bedside.coded_records import coded
from onearm.ledger.archive import table_csv
from onearm.ledger.freezing import frozen_records
from onearm.ledger.reading import View

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of zip; the same records give the same bytes
_READ_ME = """Research use. Not a medical device. Doses need an independent check.

{told}
manifest.json names the data lock, and rows, columns and SHA-256 of every table.
"""
_CODED = """The dates of each patient are moved by one secret number of days: days between dates of one patient are
true, dates of two patients cannot be compared. What belongs to no patient (lots, tests) is moved by a number of its
own; the life of a bag is moved with the patient it was meant for last. Sites, patients and persons are codes. Free text
is withheld."""
_TRUE = "Dates, sites and names of patients (pseudonyms) are those of the records: keep it as you keep the records."


def archive_of(view: View, freeze: Mapping[str, Any], study: str, secret: bytes | None) -> bytes:
    """The zip of a data lock; in codes under a `secret`, without one as it stands.

    Raises ValueError when the records are no longer those that were signed.
    """
    records = frozen_records(view, freeze)
    tables = records.tables if secret is None else coded(records, secret)
    files = {f"tables/{name}.csv": table_csv(name, frame) for name, frame in tables.items()}
    files["manifest.json"] = _manifest(freeze, study, tables, files, is_coded=secret is not None, virtual=view.virtual)
    files["README.txt"] = _READ_ME.format(told=_TRUE if secret is None else _CODED).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, files[name])
    return out.getvalue()


def _manifest(
    freeze: Mapping[str, Any],
    study: str,
    tables: Mapping[str, pl.DataFrame],
    files: Mapping[str, bytes],
    *,
    is_coded: bool,
    virtual: bool,
) -> bytes:
    told = {
        "schema": "onearm.export/1",
        "study": study,
        "virtual": virtual,
        "onearm": __version__,
        "data_lock": freeze["freeze_id"],
        "head_seq": freeze["head_seq"],
        "head_hash": freeze["head_hash"],
        "records_sha256": freeze["records_sha256"],
        "coded": is_coded,
        "tables": {
            name: {
                "rows": frame.height,
                "columns": frame.columns,
                "sha256": hashlib.sha256(files[f"tables/{name}.csv"]).hexdigest(),
            }
            for name, frame in tables.items()
        },
    }
    return (json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
