"""The three stores that a replica opens once and hands to whoever asks."""

from dataclasses import dataclass

import asyncpg

from db.files import Files
from db.index import Index


@dataclass(frozen=True)
class Stores:
    db: asyncpg.Pool[asyncpg.Record]
    index: Index
    files: Files
