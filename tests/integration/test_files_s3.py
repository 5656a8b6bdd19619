"""Photo files in an S3-compatible server over HTTP (moto's), as in production: the same promises as in a folder."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from db.errors import NotFound, Unavailable
from db.files import Files
from db.ids import new_id
from deployments.local import ports
from tests.e2e.instance import wait_for

ROOT = Path(__file__).parent.parent.parent
SERVER = ROOT / ".venv" / "s3" / "bin" / "python"
START_S_MAX = 60.0
BUCKET = "photos"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with an empty bucket."""
    if not SERVER.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no S3 server: run `make .venv/s3/installed`")
    (port,) = ports.choose(1)
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [SERVER, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(url, process, log), "the S3 server answers", START_S_MAX)
        httpx.put(f"{url}/{BUCKET}").raise_for_status()
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def files(server: str, monkeypatch: pytest.MonkeyPatch) -> Files:
    return opened(server, monkeypatch)


def opened(url: str, monkeypatch: pytest.MonkeyPatch) -> Files:
    """As operators tell it: by the environment."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "shop",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return Files(f"s3://{BUCKET}/live")


def _answers(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        httpx.get(url, timeout=5)
    except httpx.HTTPError:
        return False
    return True


async def test_a_photo_comes_back_and_is_kept_once(files: Files, server: str) -> None:
    shop = new_id()

    first, again = await files.add(shop, b"photo"), await files.add(shop, b"photo")

    assert first == again
    assert await files.read(shop, first) == b"photo"
    async with httpx.AsyncClient(base_url=server) as http:
        listed = await http.get(f"/{BUCKET}?prefix=live/{shop.hex}")
    assert listed.text.count("<Key>") == 1


async def test_a_shop_does_not_read_another_shops_photo(files: Files) -> None:
    shop, other = new_id(), new_id()
    content_hash = await files.add(shop, b"photo")

    with pytest.raises(NotFound):
        await files.read(other, content_hash)


async def test_a_young_file_outlives_its_deletion_and_absent_is_no_error(files: Files) -> None:
    shop = new_id()
    content_hash = await files.add(shop, b"photo")

    await files.delete(shop, content_hash)
    assert await files.read(shop, content_hash) == b"photo"
    await files.delete(shop, content_hash, kept_s=0)
    await files.delete(shop, content_hash, kept_s=0)

    with pytest.raises(NotFound):
        await files.read(shop, content_hash)


async def test_old_files_are_listed_without_renditions_and_other_shops(files: Files) -> None:
    shop, other = new_id(), new_id()
    content_hash = await files.add(shop, b"photo")
    await files.add(other, b"photo")
    await files.add_rendition(shop, new_id(), "thumb", b"small")

    assert [name async for page in files.old(shop, kept_s=0) for name in page] == [content_hash]
    assert [name async for page in files.old(shop) for name in page] == []


async def test_renditions_are_kept_by_photo_and_size(files: Files) -> None:
    shop, photo = new_id(), new_id()

    await files.add_rendition(shop, photo, "thumb", b"small")

    assert await files.read_rendition(shop, photo, "thumb") == b"small"
    assert await files.read_rendition(shop, photo, "medium") is None
    await files.delete_renditions(shop, photo)
    assert await files.read_rendition(shop, photo, "thumb") is None


async def test_a_deleted_shop_leaves_nothing_and_its_neighbour_everything(files: Files) -> None:
    shop, other = new_id(), new_id()
    hashes = [await files.add(shop, bytes([number])) for number in range(5)]
    await files.add_rendition(shop, new_id(), "thumb", b"small")
    kept = await files.add(other, b"photo")

    await files.delete_shop(shop)

    for content_hash in hashes:
        with pytest.raises(NotFound):
            await files.read(shop, content_hash)
    assert await files.read(other, kept) == b"photo"


async def test_a_server_that_is_away_or_silent_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent ones within the limits that `db.files` sets, not obstore's three minutes."""
    monkeypatch.setattr("db.files.S3_CLIENT", {"connect_timeout": "1s", "timeout": "1s"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = opened(f"http://127.0.0.1:{ports.choose(1)[0]}", monkeypatch)
        hanging = opened(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)

        for files in (away, hanging):
            with pytest.raises(Unavailable):
                await files.add(new_id(), b"photo")
            with pytest.raises(Unavailable):
                await files.read(new_id(), "0" * 64)
