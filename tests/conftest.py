"""Databases for every test that asks for one: SQLite, and PostgreSQL with the login of the app."""

import itertools
import os

import postgresql
import pytest
from moving_clock import Clock

from onearm.ledger.ledger import Ledger
from onearm.ledger.migration import grant_app, migrate
from onearm.ledger.store import open_engine, sqlite_url

_COUNT = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server():
    """One server per test process, with a migrated database to copy from."""
    if postgresql.programs() is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgresql.server() as server:
        server.run("CREATE DATABASE template_onearm")
        owner = open_engine(server.url("template_onearm"))
        migrate(owner)
        grant_app(owner, postgresql.APP)
        owner.dispose()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """URL of a fresh, migrated database, with the rights of the app."""
    return fresh_url(request.param, request, tmp_path)


@pytest.fixture
def other_database_url(database_url, request, tmp_path_factory):
    """URL of a fresh, migrated database of the other kind."""
    kind = "postgresql" if database_url.startswith("sqlite") else "sqlite"
    return fresh_url(kind, request, tmp_path_factory.mktemp("other"))


def fresh_url(kind, request, tmp_path):
    """A fresh, migrated database of this kind."""
    if kind == "sqlite":
        url = sqlite_url(tmp_path / "ledger.sqlite")
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        return url
    server = request.getfixturevalue("postgresql_server")
    name = f"test_{next(_COUNT)}"
    server.run(f"CREATE DATABASE {name} TEMPLATE template_onearm")
    return server.url(name, postgresql.APP)


@pytest.fixture
def clock():
    """A clock at 1 April 2020, 8:00 UTC."""
    return Clock()


@pytest.fixture
def ledger(database_url, clock):
    """An empty ledger on either database."""
    one = Ledger.at(database_url, clock=clock)
    yield one
    one.close()
