"""The database of these tests: one fixture, `engine`, to be swapped; everything else hangs on it."""

import pytest
import sqlalchemy as sa

from onearm.bedside.identity.tables import ACCESS

NOW_MS = 1_586_595_600_000  # 2020-04-11T09:00:00Z


@pytest.fixture
def engine(tmp_path):
    """A file: connections of several threads see the same rows, as on a server."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'access.sqlite'}", connect_args={"timeout": 30})
    yield engine
    engine.dispose()


@pytest.fixture
def access(engine):
    """The engine with empty access tables."""
    ACCESS.create_all(engine)
    yield engine
    ACCESS.drop_all(engine)


@pytest.fixture
def connection(access):
    with access.begin() as connection:
        yield connection


@pytest.fixture
def now_ms():
    return NOW_MS
