"""The embedded Postgres: kill -9 loses nothing, and a stale lock file stops no start and kills no stranger."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deployments.local import postgres_place
from deployments.local.errors import BadSetting, StartFailed
from deployments.local.postgres import EmbeddedPostgres, short_temp
from deployments.local.postgres_place import find_cluster, prepare
from deployments.local.processes import Account, identify


@pytest.fixture(scope="module")
def folder(servers_folder: Path) -> Path:
    return servers_folder / "local-postgres"


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    """Stopped; the cluster is made once for this file."""
    made = EmbeddedPostgres(folder)
    yield made
    made.stop()


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_is_utf8_and_keeps_what_was_committed_over_a_kill(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    await ask(dsn, "CREATE TABLE kept AS SELECT 'ÖL' AS word")

    os.kill(server.pid, signal.SIGKILL)
    dsn = server.start()

    assert await ask(dsn, "SELECT lower(word) FROM kept") == "öl"


async def test_clients_do_not_hold_up_its_end(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(server.start())

    server.stop()

    assert not server.is_running()
    connection.terminate()


async def test_a_lock_file_with_a_strangers_number_stops_no_start_and_the_stranger_lives(
    server: EmbeddedPostgres,
) -> None:
    server.start()
    server.stop()
    stranger = start_stranger()
    (server.data / "postmaster.pid").write_text(f"{stranger.pid}\n{server.data}\n1\n5432\n/tmp\n\n1 1\nready   \n")

    dsn = server.start()

    assert await ask(dsn, "SELECT 1") == 1
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def start_stranger() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])


async def test_a_server_that_was_left_behind_is_ended_first(server: EmbeddedPostgres, folder: Path) -> None:
    first = EmbeddedPostgres(folder)
    sockets = first.start().partition("host=")[2]
    left = identify(first.pid)

    dsn = server.start()

    assert await ask(dsn, "SELECT 1") == 1
    assert left is not None
    assert identify(left.pid) is None
    assert sockets not in listed_temp()


def listed_temp() -> list[str]:
    return [str(path) for path in Path(short_temp()).iterdir()]


async def test_a_start_that_was_killed_while_it_made_the_cluster_begins_anew(servers_folder: Path) -> None:
    made = EmbeddedPostgres(servers_folder / "half-made")
    half = made.data.with_name("data.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    assert await ask(made.start(), "SELECT 1") == 1

    made.stop()


def test_the_socket_fits_however_long_the_folders_path_is(servers_folder: Path) -> None:
    long = servers_folder / ("long" * 20) / ("longer" * 20)
    long.parent.mkdir()
    made = EmbeddedPostgres(long)

    dsn = made.start()

    assert len(f"{dsn.partition('host=')[2]}/.s.PGSQL.5432") <= 103
    made.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")
def test_under_root_a_folder_that_nobody_else_can_reach_is_not_used() -> None:
    folder = Path(tempfile.mkdtemp()) / "postgres"  # below a 0700

    place = prepare(folder)

    assert place.account is not None
    assert place.cluster.parent == postgres_place.FOR_ROOT
    assert place.cluster == find_cluster(folder)
    assert postgres_place.can_reach(place.cluster.parent, place.account)
    shutil.rmtree(place.cluster)
    shutil.rmtree(folder.parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")
def test_under_root_a_folder_that_is_made_again_does_not_find_its_old_cluster() -> None:
    folder = Path(tempfile.mkdtemp()) / "postgres"
    first = prepare(folder).cluster
    assert prepare(folder).cluster == first

    shutil.rmtree(folder)

    second = prepare(folder).cluster
    assert second != first
    for made in (first, second, folder.parent):
        shutil.rmtree(made)


def test_a_cluster_of_another_major_version_is_one_sentence(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    version = server.data / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("14\n")

    with pytest.raises(StartFailed, match="is of Postgres 14"):
        server.start()

    version.write_text(made_by)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")
def test_under_root_binaries_that_nobody_else_can_read_are_copied_once(
    monkeypatch: pytest.MonkeyPatch, servers_folder: Path
) -> None:
    private = Path(tempfile.mkdtemp())
    shutil.copytree(postgres_place.find_binaries().parent, private / "install", symlinks=True)
    monkeypatch.setenv("FITMATCH_POSTGRES_BIN", str(private / "install" / "bin"))

    place = prepare(servers_folder / "copied")
    again = prepare(servers_folder / "copied")

    assert place == again
    assert isinstance(place.account, Account)
    shown = subprocess.run(
        [place.binaries / "postgres", "--version"],
        user=place.account.uid, group=place.account.gid, extra_groups=[], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "PostgreSQL" in shown.stdout
    shutil.rmtree(place.binaries.parent)
    shutil.rmtree(private)


def test_other_binaries_must_be_postgres(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FITMATCH_POSTGRES_BIN", str(tmp_path))

    with pytest.raises(BadSetting, match="FITMATCH_POSTGRES_BIN"):
        prepare(tmp_path / "postgres")
