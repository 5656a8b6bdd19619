"""Answers a prompt or a photo: embed, search, read the products, rank."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Coroutine, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from ray.serve.handle import DeploymentHandle

from api import logs
from api.ports import Answer, Ask
from db import embeddings, files, products
from db.errors import NotFound, Unavailable
from db.index import Index
from db.postgres import connect
from db.stores import Stores
from deployments import clients, metrics
from deployments.search import Search, Wanted
from deployments.settings import STATEMENT_S_MAX, Settings
from models.checkpoint import find
from models.types import Embeddings, Pixels

CHROMA_S_MAX = 1.0
"""A prompt waits no longer for Chroma: exact search answers instead."""
PHOTOS_S_MAX = 6.0
"""For the image tower: less than the Gateway waits for a silent Query, so that a busy tower does not pass for a lost
host (`clients.RECOMMEND_SILENCE_S_MAX`)."""
PHOTO_WEIGHT = 0.4
"""Of a photo beside words (docs/decisions/0005-words-beside-a-photo.md)."""

Embedded: TypeAlias = tuple[Embeddings, int] | Exception
"""float32[D] of a prompt and its number of chunks, or why there is none."""


class Query:
    """Concurrent asks come as one list; each gets its own answer or its own error."""

    async def __init__(self, settings: Settings, text: DeploymentHandle[Any], image: DeploymentHandle[Any]) -> None:
        logs.write()
        self._text = clients.Clip(text)
        self._image = clients.Clip(image)
        self._checkpoint = find(settings.checkpoint).id
        self._stores = Stores(
            db=await connect(settings.postgres_dsn.get_secret_value(), command_timeout_s=STATEMENT_S_MAX),
            index=Index(settings.chroma_url, timeout_s=CHROMA_S_MAX),
            files=files.Files(settings.photos_url),
        )
        self._search = Search(self._stores, self._checkpoint)
        self._known: OrderedDict[str, tuple[Embeddings, int]] = OrderedDict()
        self._known_max = settings.prompts_cached
        self._metrics = metrics.PromptRecorder()

    async def recommend(self, asks: list[Ask]) -> list[Answer | Exception]:
        """In the order of the asks. Prompts are clean already (`models.prompt.clean`)."""
        start = time.perf_counter()
        embedded = await self._embed([ask.prompt for ask in asks if ask.prompt is not None])
        embed_ms = (time.perf_counter() - start) * 1000
        return await _all(self._answer(ask, embedded, None, embed_ms) for ask in asks)

    async def recommend_for_photos(self, asks: list[Ask], photos: Pixels) -> list[Answer | Exception]:
        """uint8[N, 3, S, S], one of each ask; a prompt beside it moves the search towards its words.

        Raises Overloaded, Unavailable when the image tower does not answer.
        """
        start = time.perf_counter()
        embedded, vectors = await asyncio.gather(
            self._embed([ask.prompt for ask in asks if ask.prompt is not None]),
            self._image.embed_photos(photos, seconds_max=PHOTOS_S_MAX),
        )
        embed_ms = (time.perf_counter() - start) * 1000
        shown = zip(asks, vectors, strict=True)
        return await _all(self._answer(ask, embedded, vector, embed_ms) for ask, vector in shown)

    async def canary(self) -> dict[str, str]:
        """Which part answers: a prompt embedded afresh, and the heartbeat of each Chroma server."""
        clip, chroma = await asyncio.gather(
            self._text.embed_prompts(["canary"]), self._stores.index.health(), return_exceptions=True
        )
        return {"clip": str(clip) if isinstance(clip, BaseException) else "ok", **_of_chroma(chroma)}

    async def _embed(self, prompts: list[str]) -> dict[str, Embedded]:
        """What is remembered is answered also while the text tower is away; the others get its error."""
        found = {prompt: self._known[prompt] for prompt in prompts if prompt in self._known}
        missing = list(dict.fromkeys(prompt for prompt in prompts if prompt not in found))
        self._metrics.asked(len(prompts), cached=len(prompts) - len(missing))
        failed: dict[str, Exception] = {}
        if missing:
            try:
                vectors, chunks = await self._text.embed_prompts(missing)
                found |= {prompt: (vectors[i], chunks[i]) for i, prompt in enumerate(missing)}
            except Exception as error:  # noqa: BLE001 - each ask gets its own answer or error
                failed = dict.fromkeys(missing, error)
        self._remember(found)
        return {**found, **failed}

    def _remember(self, found: dict[str, tuple[Embeddings, int]]) -> None:
        for prompt, embedding in found.items():
            self._known[prompt] = embedding
            self._known.move_to_end(prompt)
        while len(self._known) > self._known_max:
            self._known.popitem(last=False)

    async def _answer(
        self, ask: Ask, embedded: dict[str, Embedded], photo: Embeddings | None, embed_ms: float
    ) -> Answer:
        start = time.perf_counter()
        embedding, chunks = await self._embedding(ask, embedded, photo)
        if embedding is None:
            found, exact = (), True
        else:
            wanted = Wanted(ask.shop_id, embedding, ask.num_results, ask.filter, ask.min_score, ask.like_product_id)
            found, exact = await self._search.run(wanted)
            self._metrics.answered(exact=exact)
        search_ms = (time.perf_counter() - start) * 1000
        return Answer(tuple(found), chunks, self._checkpoint, exact, embed_ms, search_ms)

    async def _embedding(
        self, ask: Ask, embedded: dict[str, Embedded], photo: Embeddings | None
    ) -> tuple[Embeddings | None, int]:
        """None: the product has no embedded photo yet, so nothing is like it. `photo` float32[D]."""
        words, chunks = (None, 0) if ask.prompt is None else _known(embedded[ask.prompt])
        if words is not None and photo is not None:
            return _unit(PHOTO_WEIGHT * photo + (1 - PHOTO_WEIGHT) * words), chunks
        if words is not None or photo is not None:
            return words if photo is None else photo, chunks
        if ask.like_product_id is None:
            raise NotFound("neither a prompt nor a photo nor a product was given")
        product = await products.get(self._stores.db, ask.shop_id, ask.like_product_id)
        kept = await embeddings.of_photos(self._stores.db, self._checkpoint, [photo.id for photo in product.photos])
        return (_unit(np.mean(list(kept.values()), axis=0)) if kept else None), 0


def _of_chroma(health: dict[str, str] | BaseException) -> dict[str, str]:
    """`chroma` is well while a server answers; each that does not is named beside it."""
    if isinstance(health, BaseException):
        return {"chroma": str(health)}
    away = {name: state for name, state in health.items() if state != "ok"}
    if len(away) == len(health):
        return {"chroma": "; ".join(sorted(set(away.values())))}
    return {"chroma": "ok", **{f"chroma {name}": state for name, state in away.items()}}


def _known(found: Embedded) -> tuple[Embeddings, int]:
    if isinstance(found, Exception):
        raise found
    return found


def _unit(mean: NDArray[np.floating]) -> Embeddings:
    return (mean / np.linalg.norm(mean)).astype(np.float32)


async def _all(work: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer | Exception]:
    """Each ask gets its own answer or its own error."""
    return [_plain(end) for end in await asyncio.gather(*work, return_exceptions=True)]


def _plain(answer: Answer | BaseException) -> Answer | Exception:
    if isinstance(answer, Answer | Exception):
        return answer
    return Unavailable("the request was cancelled")
