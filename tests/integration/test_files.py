import os
from pathlib import Path

import pytest

from db.errors import NotFound, Unavailable
from db.files import KEPT_S, Files
from db.ids import new_id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the `files` fixture writes to."""
    return tmp_path / "photos"


def make_old(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))


async def test_a_file_comes_back_and_is_named_by_its_bytes(files: Files, folder: Path) -> None:
    shop = new_id()

    name = await files.add(shop, b"photo")

    assert await files.read(shop, name) == b"photo"
    assert (folder / shop.hex / name).read_bytes() == b"photo"


async def test_the_same_bytes_write_nothing_again(files: Files, folder: Path) -> None:
    shop = new_id()
    path = folder / shop.hex / await files.add(shop, b"photo")
    inode = path.stat().st_ino

    await files.add(shop, b"photo")

    assert path.stat().st_ino == inode
    assert [found.name for found in path.parent.iterdir()] == [path.name]


async def test_a_shop_cannot_read_another_shops_file(files: Files) -> None:
    shop, other = new_id(), new_id()
    name = await files.add(other, b"photo")

    with pytest.raises(NotFound):
        await files.read(shop, name)


async def test_an_old_file_is_deleted_and_absent_is_no_error(files: Files, folder: Path) -> None:
    shop = new_id()
    name = await files.add(shop, b"photo")
    make_old(folder)

    await files.delete(shop, name)
    await files.delete(shop, name)

    with pytest.raises(NotFound):
        await files.read(shop, name)


async def test_a_file_that_was_just_uploaded_again_survives_its_deletion(files: Files, folder: Path) -> None:
    shop = new_id()
    name = await files.add(shop, b"photo")
    make_old(folder)
    await files.add(shop, b"photo")

    await files.delete(shop, name)

    assert await files.read(shop, name) == b"photo"


async def test_old_files_are_listed_without_the_rest(files: Files, folder: Path) -> None:
    shop, other = new_id(), new_id()
    old = await files.add(shop, b"old")
    await files.add(other, b"another shop's")
    await files.add_rendition(shop, new_id(), "thumb", b"small")
    (folder / shop.hex / ".cut-short.part").write_bytes(b"ph")
    make_old(folder)
    await files.add(shop, b"young")

    pages = [page async for page in files.old(shop, kept_s=KEPT_S)]

    assert pages == [[old]]
    assert not (folder / shop.hex / ".cut-short.part").exists()


async def test_renditions_live_beside_the_file_and_go_with_the_photo(files: Files) -> None:
    shop, photo, other = new_id(), new_id(), new_id()
    for each in (photo, other):
        await files.add_rendition(shop, each, "thumb", b"small")

    await files.delete_renditions(shop, photo)

    assert await files.read_rendition(shop, photo, "thumb") is None
    assert await files.read_rendition(shop, other, "thumb") == b"small"


async def test_deleting_a_shop_takes_all_it_has_and_nothing_else(files: Files, folder: Path) -> None:
    shop, other = new_id(), new_id()
    await files.add(shop, b"photo")
    await files.add_rendition(shop, new_id(), "thumb", b"small")
    name = await files.add(other, b"photo")

    await files.delete_shop(shop)
    await files.delete_shop(shop)

    assert not (folder / shop.hex).exists()
    assert await files.read(other, name) == b"photo"


async def test_a_store_that_cannot_be_written_is_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "photos").write_bytes(b"a file where the folder should be")
    files = Files(str(tmp_path / "photos"))

    with pytest.raises(Unavailable):
        await files.add(new_id(), b"photo")


async def test_a_young_file_is_not_even_moved_when_its_last_photo_goes(files: Files, folder: Path) -> None:
    """A crash while it bore another name would cost what an upload of the same bytes counts on."""
    shop = new_id()
    name = await files.add(shop, b"young")
    before = (folder / shop.hex).stat().st_mtime_ns

    await files.delete(shop, name)

    assert (folder / shop.hex).stat().st_mtime_ns == before
    assert await files.read(shop, name) == b"young"
