import pytest
from obstore.store import MemoryStore

from db.file_bucket import Bucket

FOLDER = "0123"
PATH = f"{FOLDER}/abc"


@pytest.fixture
def bucket() -> Bucket:
    return Bucket(MemoryStore())


async def test_bytes_come_back(bucket: Bucket) -> None:
    await bucket.write(PATH, b"photo")

    assert await bucket.read(PATH) == b"photo"
    assert await bucket.read(f"{FOLDER}/other") is None


async def test_a_young_object_outlives_its_deletion_and_absent_is_no_error(bucket: Bucket) -> None:
    await bucket.write(PATH, b"photo")

    await bucket.delete(PATH, kept_s=60)
    assert await bucket.read(PATH) == b"photo"

    await bucket.delete(PATH, kept_s=0)
    await bucket.delete(PATH, kept_s=0)
    await bucket.delete(PATH, kept_s=60)
    assert await bucket.read(PATH) is None


async def test_old_objects_are_listed_without_renditions_and_other_shops(bucket: Bucket) -> None:
    for path in (PATH, f"{FOLDER}/renditions/p-thumb", "4567/def"):
        await bucket.write(path, b"photo")

    assert [name async for page in bucket.old(FOLDER, kept_s=0) for name in page] == ["abc"]
    assert [name async for page in bucket.old(FOLDER, kept_s=60) for name in page] == []


async def test_deleting_all_takes_one_shop(bucket: Bucket) -> None:
    for path in (PATH, f"{FOLDER}/renditions/p-thumb", "4567/def"):
        await bucket.write(path, b"photo")

    await bucket.delete_all(FOLDER)

    assert await bucket.read(PATH) is None
    assert await bucket.read(f"{FOLDER}/renditions/p-thumb") is None
    assert await bucket.read("4567/def") == b"photo"
