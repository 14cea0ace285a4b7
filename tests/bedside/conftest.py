"""The ward on either database."""

import pytest
from ward import ward_at


@pytest.fixture
def ward(database_url, clock, tmp_path):
    """A running app with people, no lot and no patient yet."""
    one = ward_at(database_url, clock, tmp_path / "study")
    yield one
    one.ledger.close()
