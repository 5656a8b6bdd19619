"""What `fitmatch move-shop` and `rebuild-index` tell who types them, over two real Chroma servers."""

from pathlib import Path

import pytest

from api import ids
from db import shops
from db.ids import new_id
from db.stores import Stores
from deployments.local import commands
from deployments.local.chroma import EmbeddedChroma
from deployments.local.errors import StartFailed
from deployments.worker import Worker
from tests.integration import rows
from tests.integration.two_servers import decoders, home, second, stores, two_shops, worker

__all__ = ["decoders", "second", "stores", "worker"]


@pytest.fixture(autouse=True)
def _settings(
    database_dsn: str, chroma_url: str, second: EmbeddedChroma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FITMATCH_POSTGRES_DSN", database_dsn)
    monkeypatch.setenv("FITMATCH_CHROMA_URL", f"{chroma_url},b={second.url}")
    monkeypatch.setenv("FITMATCH_DATA_DIR", str(tmp_path / "data"))


async def test_who_moves_a_server_is_told_how_many_shops_went(
    stores: Stores, worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = await two_shops(stores, worker)

    await commands.move_shop(None, origin="b", server="default")
    await commands.move_shop(ids.public("shp", here), origin=None, server="b")

    said = capsys.readouterr().out
    assert "Moved to default: 1 shop(s) with 3 photos.\n" in said
    assert "Moved to b: 1 shop(s) with 3 photos.\n" in said
    assert [await home(stores, shop) for shop in (here, there)] == ["b", "default"]


async def test_what_can_never_be_moved_is_told_as_such(stores: Stores, worker: Worker) -> None:
    here, there = await two_shops(stores, worker)
    await shops.delete(stores.db, here)
    fresh = await rows.shop(stores.db)
    wrong = [
        (ids.public("shp", here), None, "b", f"no shop {here}"),
        (ids.public("shp", unknown := new_id()), None, "b", f"no shop {unknown}"),
        (ids.public("shp", fresh), None, "b", "that shop has no collection yet"),
        ("shp_x", None, "b", "There is no shp_… with this id"),
        (ids.public("shp", there), None, "c", "FITMATCH_CHROMA_URL names default, b, but no c"),
        (None, "b", "c", "but no c"),
        (None, "defalt", "b", "no shop is on defalt, and FITMATCH_CHROMA_URL names no such Chroma server"),
    ]

    for shop, origin, server, why in wrong:
        with pytest.raises(StartFailed, match=f"Nothing was moved: .*{why}") as told:
            await commands.move_shop(shop, origin=origin, server=server)
        assert "goes on" not in str(told.value)


async def test_a_move_that_can_be_gone_on_with_says_so(stores: Stores, worker: Worker, second: EmbeddedChroma) -> None:
    here, _ = await two_shops(stores, worker)
    second.stop()

    with pytest.raises(StartFailed, match=r"Not everything was moved: .* b is away.* The same command goes on"):
        await commands.move_shop(ids.public("shp", here), origin=None, server="b")


async def test_a_server_that_was_taken_out_can_still_be_moved_from(
    stores: Stores, worker: Worker, chroma_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, there = await two_shops(stores, worker)
    monkeypatch.setenv("FITMATCH_CHROMA_URL", chroma_url)

    await commands.move_shop(None, origin="b", server="default")

    assert await home(stores, there) == "default"


async def test_a_rebuild_says_what_it_left_out(
    stores: Stores, worker: Worker, second: EmbeddedChroma, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_shops(stores, worker)
    monkeypatch.setattr(commands.configuration, "find_checkpoint", lambda _: Named())
    second.stop()

    with pytest.raises(StartFailed, match=r"^1 collection\(s\) on b were left out: start it, name it in"):
        await commands.rebuild_index(None)


class Named:
    id = rows.CHECKPOINT
