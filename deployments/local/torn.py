"""Finds collections that a kill inside Chroma's index persist has torn.

Chroma 1.5.9 persists an index as hnswlib's files first and its id map afterwards. A kill between the two leaves files
of different ages: the collection looks healthy, and some calls later it ends the whole server (chroma#7238, #7069).
Read these files only while no server has them open.
"""

import pickle
import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from uuid import UUID

_DATABASE = "chroma.sqlite3"
# hnswlib's header: at byte 20 the count of elements, at 28 the bytes of each in data_level0.bin, as uint64.
_COUNT_AND_SIZE = struct.Struct("<QQ")
_COUNT_OFFSET = 20


def find(data: Path) -> list[str]:
    """The names of torn collections. Empty when Chroma has never run here."""
    return [name for segment, name in _segments(data).items() if is_torn(data / segment)]


def remove_orphans(data: Path) -> None:
    """Folders of deleted collections, which Chroma leaves behind."""
    known = _segments(data)
    if not known and not (data / _DATABASE).exists():
        return
    for folder in data.iterdir():
        if folder.is_dir() and _is_uuid(folder.name) and folder.name not in known:
            shutil.rmtree(folder)


def is_torn(segment: Path) -> bool:
    """Whether the files of one index are of different ages, or cut short."""
    header, ids = segment / "header.bin", segment / "index_metadata.pickle"
    if not header.exists():
        return ids.exists()
    raw = header.read_bytes()
    if len(raw) < _COUNT_OFFSET + _COUNT_AND_SIZE.size:
        return True
    count, size = cast("tuple[int, int]", _COUNT_AND_SIZE.unpack_from(raw, _COUNT_OFFSET))
    if not ids.exists():
        return count > 0  # 0: nothing was persisted yet
    if ids.stat().st_mtime_ns < header.stat().st_mtime_ns:
        return True
    return _added(ids) != count or (segment / "data_level0.bin").stat().st_size < count * size


def _segments(data: Path) -> dict[str, str]:
    """Folder name → collection name."""
    if not (data / _DATABASE).exists():
        return {}
    with closing(sqlite3.connect(data / _DATABASE, timeout=30)) as database:
        rows = database.execute(
            "SELECT segments.id, collections.name FROM segments"
            " JOIN collections ON collections.id = segments.collection WHERE segments.scope = 'VECTOR'"
        ).fetchall()
    return {str(segment): str(name) for segment, name in rows}


class _Plain(pickle.Unpickler):
    """Numbers, strings, dicts and lists only: a file must not be able to name code."""

    def find_class(self, module: str, name: str, /) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")


def _added(ids: Path) -> int:
    """-1 for a map that was cut short."""
    try:
        with ids.open("rb") as file:
            return int(_Plain(file).load()["total_elements_added"])
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, UnicodeDecodeError, IndexError):
        return -1


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
