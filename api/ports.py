"""The neighbours that the routes talk to; `deployments/clients.py` and `cluster.py` satisfy them over Ray."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from db.filters import Filter
from db.products import Product


@dataclass(frozen=True)
class Ask:
    """What a shopper wants: a prompt, a photo, both, or products like one the shop has (then neither of them)."""

    shop_id: UUID
    num_results: int
    prompt: str | None = None
    photo: bytes | None = None
    """As it was sent: looked at (`models.photo.inspect`), not decoded."""
    like_product_id: UUID | None = None
    filter: Filter | None = None
    min_score: float | None = None


@dataclass(frozen=True)
class Recommended:
    """One recommended product, with the photo that fits best."""

    product: Product
    photo_id: UUID
    similarity: float
    """Cosine of the embedding of what was asked and the photo's."""


@dataclass(frozen=True)
class Answer:
    """Best first; at most `num_results` long."""

    recommended: tuple[Recommended, ...]
    prompt_chunks: int
    checkpoint: str
    exact: bool
    """True when the shop's embeddings were compared one by one instead of through Chroma."""
    embed_ms: float
    search_ms: float


class Ingest(Protocol):
    async def wake(self) -> None:
        """A job was written. Never raises and never waits for the job: the row is the promise."""
        ...


class Query(Protocol):
    async def recommend(self, ask: Ask) -> Answer:
        """Raises db.errors.Unavailable, Overloaded, NotFound (an unknown product), models.prompt.BadPrompt and, for a
        photo that cannot be decoded, a models.photo.BadPhoto."""
        ...

    async def canary(self) -> dict[str, str]:
        """Part name → "ok" or what is wrong: `clip`, `chroma`, `chroma NAME` of each server that is away.

        Never raises: a Query that is silent for 3 s is a part of its own, `query`.
        """
        ...


@dataclass(frozen=True)
class Replicas:
    """Of one deployment of Serve."""

    deployment: str
    status: str
    """Serve's word: HEALTHY, UPDATING, UNHEALTHY, …"""
    running: int
    target: int
    """Those that run, start or recover."""
    message: str


class Cluster(Protocol):
    async def replicas(self) -> list[Replicas] | None:
        """None when Serve's controller does not answer; never raises. Answers within 2 s."""
        ...
