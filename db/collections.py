"""Which collection of Chroma answers for a shop and checkpoint, and on which server it is."""

import re
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from db import servers
from db.errors import NotFound
from db.postgres import Db

_NAME = re.compile(r"s-([0-9a-f]{32})-[0-9a-f]{8}-v[1-9][0-9]*")


@dataclass(frozen=True)
class Current:
    """The collection that answers for a shop and checkpoint."""

    shop_id: UUID
    checkpoint: str
    version: int
    server: str

    @property
    def address(self) -> str:
        """What `Index` finds it by."""
        return servers.address(self.server, name(self.shop_id, self.checkpoint, self.version))


def name(shop_id: UUID, checkpoint: str, version: int) -> str:
    """At most 63 of [a-z0-9-]: `s-{shop hex}-{first 8 hex of SHA-256(checkpoint)}-v{version}`. Never a key."""
    return f"s-{shop_id.hex}-{sha256(checkpoint.encode()).hexdigest()[:8]}-v{version}"


def shop_of(collection: str) -> UUID | None:
    """The shop of a collection's address; None for a name that is not ours."""
    found = _NAME.fullmatch(servers.split(collection)[1])
    return UUID(hex=found[1]) if found else None


async def current(db: Db, shop_id: UUID, checkpoint: str, among: list[str]) -> Current:
    """The collection that answers; writes version 1 for a live shop's first use, on the server with the fewest shops.

    Raises NotFound for a deleted shop.
    """
    row = await db.fetchrow(
        """
        SELECT c.shop_id, c.checkpoint, c.version, c.server FROM collections c JOIN shops s ON s.id = c.shop_id
        WHERE c.shop_id = $1 AND c.checkpoint = $2 AND s.deleted_at IS NULL
        """,
        shop_id,
        checkpoint,
    )
    return Current(**row) if row else await _first(db, shop_id, checkpoint, among)


async def _first(db: Db, shop_id: UUID, checkpoint: str, among: list[str]) -> Current:
    # The update that changes nothing makes the row of a faster neighbour come back.
    row = await db.fetchrow(
        """
        INSERT INTO collections (shop_id, checkpoint, server)
        SELECT id, $2, (
            SELECT l.server FROM unnest($3::text[]) WITH ORDINALITY AS l (server, place)
            ORDER BY (SELECT count(*) FROM collections c WHERE c.server = l.server), l.place LIMIT 1
        ) FROM shops WHERE id = $1 AND deleted_at IS NULL
        ON CONFLICT (shop_id, checkpoint) DO UPDATE SET version = collections.version
        RETURNING shop_id, checkpoint, version, server
        """,
        shop_id,
        checkpoint,
        among,
    )
    if row is None:
        raise NotFound(f"no shop {shop_id}")
    return Current(**row)


async def swing(db: Db, new: Current) -> None:
    """Points to the rebuilt version, wherever it is; never backwards."""
    await db.execute(
        "UPDATE collections SET version = $3, server = $4 WHERE shop_id = $1 AND checkpoint = $2 AND version < $3",
        new.shop_id,
        new.checkpoint,
        new.version,
        new.server,
    )


async def page(db: Db, *, after: Current | None, limit: int) -> list[Current]:
    """Those of live shops, for the reconciler."""
    shop_after, checkpoint_after = (after.shop_id, after.checkpoint) if after else (UUID(int=0), "")
    rows = await db.fetch(
        """
        SELECT c.shop_id, c.checkpoint, c.version, c.server FROM collections c JOIN shops s ON s.id = c.shop_id
        WHERE s.deleted_at IS NULL AND (c.shop_id, c.checkpoint) > ($1, $2)
        ORDER BY c.shop_id, c.checkpoint LIMIT $3
        """,
        shop_after,
        checkpoint_after,
        limit,
    )
    return [Current(**row) for row in rows]


async def of_shop(db: Db, shop_id: UUID) -> list[Current]:
    """One for each checkpoint that the shop was ever embedded with, also of a deleted shop."""
    rows = await db.fetch("SELECT shop_id, checkpoint, version, server FROM collections WHERE shop_id = $1", shop_id)
    return [Current(**row) for row in rows]


async def hold(db: Db, checkpoint: str, shop_ids: list[UUID]) -> dict[UUID, str]:
    """The current address of each; a swing waits until the transaction ends, so that what was added there is found."""
    rows = await db.fetch(
        """
        SELECT shop_id, checkpoint, version, server FROM collections
        WHERE checkpoint = $1 AND shop_id = ANY($2) ORDER BY shop_id FOR SHARE
        """,
        checkpoint,
        shop_ids,
    )
    return {row["shop_id"]: Current(**row).address for row in rows}


async def shops_on(db: Db, checkpoint: str, at: list[str]) -> list[UUID]:
    """Whose collection of this checkpoint is on one of these servers."""
    rows = await db.fetch("SELECT shop_id FROM collections WHERE checkpoint = $1 AND server = ANY($2)", checkpoint, at)
    return [row["shop_id"] for row in rows]


async def by_server(db: Db) -> dict[str, int]:
    """How many collections of live shops are on each server that has any."""
    rows = await db.fetch(
        """
        SELECT c.server, count(*) AS collections FROM collections c JOIN shops s ON s.id = c.shop_id
        WHERE s.deleted_at IS NULL GROUP BY c.server ORDER BY c.server
        """
    )
    return {row["server"]: row["collections"] for row in rows}
