"""What all replicas of one deployment share."""

from db.postgres import Db


async def signing_key(db: Db) -> bytes:
    """HMAC key of signed photo addresses."""
    return await db.fetchval("SELECT signing_key FROM deployment")
