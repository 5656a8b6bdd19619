"""The queue: a row exactly while a photo's place in Chroma is in doubt. Protocol in docs/architecture.md."""

from dataclasses import dataclass
from uuid import UUID

from db.postgres import Db


@dataclass(frozen=True)
class Job:
    photo_id: UUID
    shop_id: UUID
    content_hash: str
    attempts: int
    """Including this one; the fence."""
    remove: bool
    """The photo is deleted: take it out of Chroma. Else: add it."""


@dataclass(frozen=True)
class Depth:
    waiting: int
    oldest_s: float


async def add(db: Db, shop_id: UUID, photo_ids: list[UUID]) -> None:
    """A fresh job for each (an existing one starts again), with the shop's next fair turns. Run it in a transaction."""
    raise NotImplementedError


async def claim(db: Db, *, jobs_max: int, lease_s: float) -> list[Job]:
    """The lowest turns that nobody holds, leased and with attempts counted; marks photos to add as `embedding`."""
    raise NotImplementedError


async def extend(db: Db, jobs: list[Job], *, lease_s: float) -> None:
    """A longer lease for work still under way; jobs whose fence has moved are left alone."""
    raise NotImplementedError


async def done(db: Db, jobs: list[Job]) -> set[UUID]:
    """Deletes the jobs whose attempts are still ours; the photo ids of those."""
    raise NotImplementedError


async def rest(db: Db, jobs: list[Job], *, seconds: float, count: bool = True) -> None:
    """Puts jobs back for later (fenced). `count=False` gives the attempt back: the fault was not the photo's."""
    raise NotImplementedError


async def depth(db: Db) -> Depth:
    raise NotImplementedError
