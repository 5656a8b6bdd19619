"""Real servers for every tier: started once a session, a fresh database and an empty Chroma for each test."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from db import migrate, postgres
from db.files import Files
from db.index import Index
from db.stores import Stores
from deployments.local.chroma import EmbeddedChroma
from deployments.local.postgres import EmbeddedPostgres
from tests.e2e import instance
from tests.e2e.instance import Running
from tests.production import layout
from tests.production.layout import Production

TEMPLATE = "fitmatch_template"


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Outside pytest's own folders: those are private, and under root Postgres runs as another user."""
    folder = Path(tempfile.mkdtemp(prefix="fm-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_dsn(servers_folder: Path) -> Iterator[str]:
    """A server of its own for this session; its databases come and go with the tests."""
    server = EmbeddedPostgres(servers_folder / "postgres", parameters={"fsync": "off", "max_connections": "200"})
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def chroma_url(servers_folder: Path) -> Iterator[str]:
    server = EmbeddedChroma(servers_folder / "chroma")
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
async def template(postgres_dsn: str) -> str:
    """A migrated database that each test copies in a few milliseconds."""
    await run_sql(postgres_dsn, f"CREATE DATABASE {TEMPLATE}")
    await migrate.migrate(of_database(postgres_dsn, TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database_dsn(postgres_dsn: str, template: str) -> AsyncIterator[str]:
    """A fresh migrated database."""
    name = f"test_{uuid4().hex}"
    await run_sql(postgres_dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield of_database(postgres_dsn, name)
    await run_sql(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[postgres.Pool]:
    opened = await postgres.connect(database_dsn)
    yield opened
    await opened.close()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "photos"))


@pytest.fixture
async def index(chroma_url: str) -> AsyncIterator[Index]:
    """An empty Chroma: what the test leaves is dropped."""
    opened = Index(chroma_url)
    yield opened
    for name in await opened.names():
        await opened.drop(name)
    await opened.close()


@pytest.fixture
def stores(pool: postgres.Pool, index: Index, files: Files) -> Stores:
    return Stores(pool, index, files)


@pytest.fixture(scope="session")
def fitmatch(request: pytest.FixtureRequest) -> Iterator[Running]:
    """The whole of FitMatch on its real parts, shared by the e2e and browser tiers: make a shop of your own in it."""
    if instance.in_production():
        yield request.getfixturevalue("production").running
        return
    folder = Path(tempfile.mkdtemp(prefix="fm-run-"))
    folder.chmod(0o711)
    # A short lease: what a killed worker held is free again before a test loses patience.
    running = instance.start(folder / "data", FITMATCH_LEASE_S="10")
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def production() -> Iterator[Production]:
    """The processes of production; `running.url` is their edge."""
    folder = Path(tempfile.mkdtemp(prefix="fm-prod-"))
    folder.chmod(0o711)
    with layout.production(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


def of_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def run_sql(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
