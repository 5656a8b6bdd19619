"""The three stores that a replica opens once and hands to whoever asks."""

from dataclasses import dataclass

from db.files import Files
from db.index import Index
from db.postgres import Pool


@dataclass(frozen=True)
class Stores:
    db: Pool
    index: Index
    files: Files
