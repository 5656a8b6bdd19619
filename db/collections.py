"""Which collection of Chroma answers for a shop and checkpoint."""

from uuid import UUID

from db.postgres import Db


def name(shop_id: UUID, checkpoint: str, version: int) -> str:
    """At most 63 characters of [a-z0-9-]: `s-{shop hex}-{first 8 hex of SHA-256(checkpoint)}-v{version}`. Never a key."""
    raise NotImplementedError


def shop_of(collection: str) -> UUID | None:
    """The shop of a collection's name; None for a name that is not ours."""
    raise NotImplementedError


async def current(db: Db, shop_id: UUID, checkpoint: str) -> str:
    """The name of the collection that answers; writes version 1 for a live shop's first use. Raises NotFound for a deleted shop."""
    raise NotImplementedError


async def version(db: Db, shop_id: UUID, checkpoint: str) -> int:
    raise NotImplementedError


async def swing(db: Db, shop_id: UUID, checkpoint: str, *, to: int) -> None:
    """Points to the rebuilt version; never backwards."""
    raise NotImplementedError


async def page(db: Db, *, after: tuple[UUID, str] | None, limit: int) -> list[tuple[UUID, str, int]]:
    """(shop, checkpoint, version) of live shops, for the reconciler."""
    raise NotImplementedError
