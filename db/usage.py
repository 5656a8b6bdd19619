"""How much a shop has used, in simple counts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.postgres import Db


@dataclass(frozen=True)
class Usage:
    prompts: int
    """Asked since the given time."""
    photos_uploaded: int
    """Since the given time, deleted ones that are not yet gone too."""
    photo_bytes: int
    """Of all live photos, as they were uploaded."""


async def of_shop(db: Db, shop_id: UUID, *, since: datetime) -> Usage:
    rows = await db.fetch(
        """
        SELECT
            (SELECT count(*) FROM prompts WHERE shop_id = $1 AND created_at >= $2) AS prompts,
            (SELECT count(*) FROM photos WHERE shop_id = $1 AND created_at >= $2) AS photos_uploaded,
            (SELECT coalesce(sum(bytes), 0)::bigint FROM photos
             WHERE shop_id = $1 AND deleted_at IS NULL) AS photo_bytes
        """,
        shop_id,
        since,
    )
    row = rows[0]
    return Usage(row["prompts"], row["photos_uploaded"], row["photo_bytes"])
