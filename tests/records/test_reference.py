from pathlib import Path

import pytest

from onearm.records.reference import PAGES, write_pages
from onearm.records.tables import TABLES
from onearm.vocabulary.markers import MARKERS

DOCS = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("page", PAGES)
def test_committed_page_is_current(page):
    assert (DOCS / page).read_text("utf-8") == PAGES[page](), "run python -m onearm.records.reference"


def test_pages_tell_every_table_column_and_marker(tmp_path):
    write_pages(tmp_path)
    tables, markers = ((tmp_path / page).read_text("utf-8") for page in ("records.md", "markers.md"))
    for name, schema in TABLES.items():
        section = tables.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert all(f"\n| {column}" in section for column in schema.column_names()[3:])
    assert all(f"\n| {name} |" in markers for name in MARKERS)
