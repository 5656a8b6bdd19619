"""What all replicas of one deployment share."""

from db.postgres import Db


async def signing_key(db: Db) -> bytes:
    """HMAC key of signed photo addresses."""
    row = await db.fetch("SELECT signing_key FROM deployment")
    return row[0]["signing_key"]
