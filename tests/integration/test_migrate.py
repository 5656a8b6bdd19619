"""Migrations, and a pool whose Postgres is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from db import migrate, postgres
from db.errors import Unavailable
from db.postgres import Pool
from tests.conftest import of_database, run_sql

FILES = sorted(file.name for file in migrate.MIGRATIONS.glob("*.sql"))


@pytest.fixture
async def empty_dsn(postgres_dsn: str) -> AsyncIterator[str]:
    name = f"empty_{uuid4().hex}"
    await run_sql(postgres_dsn, f"CREATE DATABASE {name}")
    yield of_database(postgres_dsn, name)
    await run_sql(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


async def test_eight_racing_processes_apply_each_file_once(empty_dsn: str) -> None:
    code = "import asyncio, sys; from db.migrate import migrate; print(*asyncio.run(migrate(sys.argv[1])))"
    racers = [
        await asyncio.create_subprocess_exec(
            ".venv/bin/python", "-c", code, empty_dsn, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        for _ in range(8)
    ]

    said = [(await racer.communicate())[0].decode().split() for racer in racers]

    assert [racer.returncode for racer in racers] == [0] * 8
    assert sorted(name for names in said for name in names) == FILES


async def test_a_current_schema_is_left_alone(database_dsn: str) -> None:
    assert await migrate.migrate(database_dsn) == []


async def test_a_failing_file_leaves_nothing_behind(
    empty_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE good (id integer);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half (id integer); SELECT * FROM absent;")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)

    with pytest.raises(asyncpg.UndefinedTableError):
        await migrate.migrate(empty_dsn)
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half (id integer);")

    assert await migrate.migrate(empty_dsn) == ["0002_bad.sql"]


async def test_a_pool_opens_while_postgres_is_away_and_says_so_at_the_first_use() -> None:
    pool = await postgres.connect("postgresql://postgres@/postgres?host=/nowhere")

    with pytest.raises(Unavailable):
        await pool.fetchval("SELECT 1")
    with pytest.raises(Unavailable):
        await migrate.migrate("postgresql://postgres@127.0.0.1:1/postgres")


async def test_a_server_that_never_answers_is_given_up_within_three_seconds() -> None:
    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    pool = await postgres.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connections_max=1)

    # The second waits for the only place in the pool, and no longer than the first for its connection.
    began = time.monotonic()
    outcomes = await asyncio.gather(pool.fetchval("SELECT 1"), pool.fetchval("SELECT 1"), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    assert time.monotonic() - began < 3.3
    silent.close()


async def test_a_statement_that_takes_too_long_is_unavailable(database_dsn: str) -> None:
    pool = await postgres.connect(database_dsn, command_timeout_s=0.05)

    with pytest.raises(Unavailable):
        await pool.fetchval("SELECT pg_sleep(10)")

    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_connection_lost_inside_a_transaction_is_unavailable_and_the_next_one_works(pool: Pool) -> None:
    with pytest.raises(Unavailable):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert await pool.fetchval("SELECT 1") == 1


async def test_a_closed_pool_is_unavailable(database_dsn: str) -> None:
    pool = await postgres.connect(database_dsn)
    await pool.close()

    with pytest.raises(Unavailable):
        await pool.fetchval("SELECT 1")


async def test_wrong_arguments_stay_mistakes(pool: Pool) -> None:
    with pytest.raises(asyncpg.DataError):
        await pool.fetchval("SELECT $1::integer", "no number")


async def test_what_was_begun_by_hand_is_rolled_back_when_a_connection_returns(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO shops (id, name) VALUES (gen_random_uuid(), 'half')")

    assert await pool.fetchval("SELECT count(*) FROM shops") == 0


async def test_jsonb_comes_back_as_it_went(pool: Pool) -> None:
    value = {"care": ["wash", "iron"], "weight": 0.5}

    assert await pool.fetchval("SELECT $1::jsonb", value) == value
