"""The files of Chroma's index, as it leaves them and as a kill leaves them."""

import os
import pickle
import struct
from pathlib import Path

import pytest

from deployments.local import torn

ELEMENT_BYTES = 396


def persist(segment: Path, count: int) -> Path:
    """What a whole persist of `count` elements leaves; the id map is written last."""
    segment.mkdir(exist_ok=True)
    (segment / "header.bin").write_bytes(struct.pack("<iQQQQ", 1, 0, 2048, count, ELEMENT_BYTES) + bytes(64))
    (segment / "data_level0.bin").write_bytes(bytes(count * ELEMENT_BYTES))
    (segment / "index_metadata.pickle").write_bytes(pickle.dumps({"total_elements_added": count, "id_to_label": {}}))
    return segment


def age(file: Path, *, seconds: int) -> None:
    moment = file.stat().st_mtime_ns - seconds * 10**9
    os.utime(file, ns=(moment, moment))


def test_a_whole_persist_is_not_torn(tmp_path: Path) -> None:
    assert not torn.is_torn(persist(tmp_path / "segment", 1000))


def test_an_index_that_was_never_persisted_is_not_torn(tmp_path: Path) -> None:
    segment = persist(tmp_path / "segment", 0)
    (segment / "index_metadata.pickle").unlink()

    assert not torn.is_torn(segment)


def test_a_first_persist_without_its_id_map_is_torn(tmp_path: Path) -> None:
    segment = persist(tmp_path / "segment", 1000)
    (segment / "index_metadata.pickle").unlink()

    assert torn.is_torn(segment)


def test_an_id_map_that_counts_fewer_elements_is_torn(tmp_path: Path) -> None:
    segment = persist(tmp_path / "segment", 1000)
    (segment / "index_metadata.pickle").write_bytes(pickle.dumps({"total_elements_added": 999}))

    assert torn.is_torn(segment)


def test_an_id_map_older_than_the_header_is_torn(tmp_path: Path) -> None:
    segment = persist(tmp_path / "segment", 1000)
    age(segment / "index_metadata.pickle", seconds=5)

    assert torn.is_torn(segment)


@pytest.mark.parametrize("file", ["header.bin", "index_metadata.pickle", "data_level0.bin"])
def test_a_file_that_was_cut_short_is_torn(tmp_path: Path, file: str) -> None:
    segment = persist(tmp_path / "segment", 1000)
    times = {each: each.stat().st_mtime_ns for each in segment.iterdir()}
    (segment / file).write_bytes((segment / file).read_bytes()[:10])
    for each, moment in times.items():
        os.utime(each, ns=(moment, moment))

    assert torn.is_torn(segment)


def test_an_id_map_cannot_run_code(tmp_path: Path) -> None:
    segment = persist(tmp_path / "segment", 1)

    class Payload:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "ran",)

    (segment / "index_metadata.pickle").write_bytes(pickle.dumps({"total_elements_added": Payload()}))

    assert torn.is_torn(segment)
    assert not (tmp_path / "ran").exists()


def test_a_folder_where_chroma_never_ran_has_nothing_torn(tmp_path: Path) -> None:
    assert torn.find(tmp_path / "none") == []
