"""A small run of the fuzz of `bench/import_fuzz.py`: no damaged file crashes the import or loses a row silently."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.import_fuzz import fuzz


def test_a_damaged_file_is_imported_or_refused_in_words_and_its_rows_add_up(tmp_path):
    counts = fuzz(80, 7, tmp_path)
    assert counts.faults == ()
    assert counts.stored and counts.partly and counts.refused  # all three ends were reached
