"""Which collection of Chroma answers for a shop and checkpoint."""

import re
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from db.errors import NotFound
from db.postgres import Db

_NAME = re.compile(r"s-([0-9a-f]{32})-[0-9a-f]{8}-v[1-9][0-9]*")


@dataclass(frozen=True)
class Current:
    """The collection that answers for a shop and checkpoint."""

    shop_id: UUID
    checkpoint: str
    version: int

    @property
    def name(self) -> str:
        return name(self.shop_id, self.checkpoint, self.version)


def name(shop_id: UUID, checkpoint: str, version: int) -> str:
    """At most 63 of [a-z0-9-]: `s-{shop hex}-{first 8 hex of SHA-256(checkpoint)}-v{version}`. Never a key."""
    return f"s-{shop_id.hex}-{sha256(checkpoint.encode()).hexdigest()[:8]}-v{version}"


def shop_of(collection: str) -> UUID | None:
    """The shop of a collection's name; None for a name that is not ours."""
    found = _NAME.fullmatch(collection)
    return UUID(hex=found[1]) if found else None


async def current(db: Db, shop_id: UUID, checkpoint: str) -> str:
    """The name of the collection that answers; writes version 1 for a live shop's first use.

    Raises NotFound for a deleted shop.
    """
    version_now = await db.fetchval(
        """
        SELECT c.version FROM collections c JOIN shops s ON s.id = c.shop_id
        WHERE c.shop_id = $1 AND c.checkpoint = $2 AND s.deleted_at IS NULL
        """,
        shop_id,
        checkpoint,
    )
    return name(shop_id, checkpoint, version_now or await _first(db, shop_id, checkpoint))


async def _first(db: Db, shop_id: UUID, checkpoint: str) -> int:
    # The update that changes nothing makes the row of a faster neighbour come back.
    version_now = await db.fetchval(
        """
        INSERT INTO collections (shop_id, checkpoint) SELECT id, $2 FROM shops WHERE id = $1 AND deleted_at IS NULL
        ON CONFLICT (shop_id, checkpoint) DO UPDATE SET version = collections.version RETURNING version
        """,
        shop_id,
        checkpoint,
    )
    if version_now is None:
        raise NotFound(f"no shop {shop_id}")
    return version_now


async def version(db: Db, shop_id: UUID, checkpoint: str) -> int:
    """Raises NotFound for a shop and checkpoint that have no collection yet."""
    version_now = await db.fetchval(
        "SELECT version FROM collections WHERE shop_id = $1 AND checkpoint = $2", shop_id, checkpoint
    )
    if version_now is None:
        raise NotFound(f"no collection of shop {shop_id} for {checkpoint}")
    return version_now


async def swing(db: Db, shop_id: UUID, checkpoint: str, *, to: int) -> None:
    """Points to the rebuilt version; never backwards."""
    await db.execute(
        "UPDATE collections SET version = $3 WHERE shop_id = $1 AND checkpoint = $2 AND version < $3",
        shop_id,
        checkpoint,
        to,
    )


async def page(db: Db, *, after: tuple[UUID, str] | None, limit: int) -> list[tuple[UUID, str, int]]:
    """(shop, checkpoint, version) of live shops, for the reconciler."""
    shop_after, checkpoint_after = after or (UUID(int=0), "")
    rows = await db.fetch(
        """
        SELECT c.shop_id, c.checkpoint, c.version FROM collections c JOIN shops s ON s.id = c.shop_id
        WHERE s.deleted_at IS NULL AND (c.shop_id, c.checkpoint) > ($1, $2)
        ORDER BY c.shop_id, c.checkpoint LIMIT $3
        """,
        shop_after,
        checkpoint_after,
        limit,
    )
    return [(row["shop_id"], row["checkpoint"], row["version"]) for row in rows]


async def of_shop(db: Db, shop_id: UUID) -> list[Current]:
    """One for each checkpoint that the shop was ever embedded with, also of a deleted shop."""
    rows = await db.fetch("SELECT shop_id, checkpoint, version FROM collections WHERE shop_id = $1", shop_id)
    return [Current(**row) for row in rows]


async def hold(db: Db, checkpoint: str, shop_ids: list[UUID]) -> dict[UUID, str]:
    """The current name of each; a swing waits until the transaction ends, so that what was added there is found."""
    rows = await db.fetch(
        """
        SELECT shop_id, checkpoint, version FROM collections
        WHERE checkpoint = $1 AND shop_id = ANY($2) ORDER BY shop_id FOR SHARE
        """,
        checkpoint,
        shop_ids,
    )
    return {row["shop_id"]: Current(**row).name for row in rows}
