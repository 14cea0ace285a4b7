"""A small study in a ledger on either database, and the login that owns it."""

import pytest
import sqlalchemy as sa
from small_study import small_study

from onearm.ledger.store import open_engine


@pytest.fixture
def study(ledger):
    """A small study with everything a replay looks at."""
    small_study(ledger)
    return ledger


@pytest.fixture
def owner(study, request):
    """An engine with the rights of the owner of the database, who can take the guards away."""
    url = study.engine.url
    if url.get_backend_name() == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        url = sa.make_url(server.url(url.database))
    engine = open_engine(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()
