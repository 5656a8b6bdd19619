"""Which CLIP weights: a folder or a hub id at a revision. Knows no inference runtime."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


class BadCheckpoint(Exception):
    """The folder or the hub id cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Checkpoint:
    name: str
    """`mini`, `patrickjohncyh/fashion-clip`: what answers and embeddings carry, with the revision."""
    revision: str
    """The hub's commit, or for a folder the first 12 hex digits of the SHA-256 over its files' hashes."""
    folder: Path
    kind: Literal["transformers", "onnx"]
    side: int
    """Pixels per side that the image tower takes."""

    @property
    def id(self) -> str:
        """`name@revision`: what embeddings and collections are kept under."""
        return f"{self.name}@{self.revision}"


def find(text: str) -> Checkpoint:
    """A folder as it is, or `owner/name@revision` from the hub's cache or the hub (safetensors only, no remote code).

    Checks `manifest.json`'s SHA-256 sums where there is one. Raises BadCheckpoint.
    """
    raise NotImplementedError
