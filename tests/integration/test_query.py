"""The Query replica over real stores; only the handles of the two towers are played."""

from pathlib import Path
from typing import Any, cast
from uuid import UUID

import numpy as np
import pytest
from pydantic import SecretStr
from ray.serve.handle import DeploymentHandle

from api.ports import Answer, Ask
from db import collections, embeddings
from db.errors import Unavailable
from db.index import Index
from db.postgres import Pool
from deployments.metrics import PromptRecorder
from deployments.query import Query
from deployments.settings import MINI, Settings
from models.checkpoint import find
from models.types import Embeddings
from tests.integration import rows

Handle = DeploymentHandle[Any]
WORDS, PHOTO = np.eye(4, dtype=np.float32)[:2]
PIXELS = np.zeros((2, 3, 8, 8), np.uint8)


class PlayedTower:
    """Stands for the handle and its methods: the words point one way, the photos another."""

    def __init__(self) -> None:
        self.away = False
        self.embed_prompts = self.embed_photos = self

    async def remote(self, batch: Any) -> Any:
        if self.away:
            raise Unavailable("the tower is away")
        if isinstance(batch, list):
            return np.tile(WORDS, (len(batch), 1)), [1] * len(batch)
        return np.tile(PHOTO, (len(batch), 1))


@pytest.fixture
def settings(database_dsn: str, chroma_url: str, tmp_path: Path) -> Settings:
    return Settings(postgres_dsn=SecretStr(database_dsn), chroma_url=chroma_url, photos_url=str(tmp_path))


async def made(settings: Settings, text: PlayedTower, image: PlayedTower) -> Query:
    query = Query.__new__(Query)
    await query.__init__(settings, cast("Handle", text), cast("Handle", image))  # as Serve makes it
    return query


async def photo_seen_as(pool: Pool, shop: UUID, embedding: Embeddings) -> UUID:
    """A ready product's photo with this embedding; exact search finds it, as there is no collection."""
    (photo,) = await rows.ready(pool, shop)
    await embeddings.add(pool, find(str(MINI)).id, [shop], [photo], embedding[None, :])
    return photo


async def test_a_remembered_prompt_is_answered_while_the_tower_is_away(pool: Pool, settings: Settings) -> None:
    tower = PlayedTower()
    shop = await rows.shop(pool)
    query = await made(settings, tower, PlayedTower())
    await query.recommend([Ask(shop, 5, "red dress")])
    tower.away = True

    known, fresh = await query.recommend([Ask(shop, 5, "red dress"), Ask(shop, 5, "blue hat")])

    assert isinstance(known, Answer)
    assert isinstance(fresh, Unavailable)


async def test_a_photo_finds_what_looks_like_it_and_words_beside_it_move_the_search(
    pool: Pool, settings: Settings
) -> None:
    shop = await rows.shop(pool)
    alike, meant, between = [
        await photo_seen_as(pool, shop, embedding) for embedding in (PHOTO, WORDS, (PHOTO + WORDS) / np.sqrt(2))
    ]
    query = await made(settings, PlayedTower(), PlayedTower())

    alone, both = await query.recommend_for_photos([Ask(shop, 3), Ask(shop, 3, "in green")], PIXELS)

    assert isinstance(alone, Answer)
    assert isinstance(both, Answer)
    assert [one.photo_id for one in alone.recommended] == [alike, between, meant]
    assert both.recommended[0].photo_id == between
    assert alone.recommended[0].similarity == pytest.approx(1, abs=1e-3)


async def test_answers_are_counted_by_how_they_were_found(
    pool: Pool, settings: Settings, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[bool] = []
    monkeypatch.setattr(PromptRecorder, "answered", lambda _, *, exact: counted.append(exact))
    shop = await rows.shop(pool)
    photo = await photo_seen_as(pool, shop, WORDS)
    query = await made(settings, PlayedTower(), PlayedTower())

    await query.recommend([Ask(shop, 1, "red dress")])
    here = (await collections.of_shop(pool, shop))[0].address
    await index.create(here)
    await index.add(here, [photo], WORDS[None, :])
    await query.recommend([Ask(shop, 1, "red dress")])

    assert counted == [True, False]


async def test_another_shops_products_are_not_found_by_a_photo_of_them(pool: Pool, settings: Settings) -> None:
    await photo_seen_as(pool, await rows.shop(pool), PHOTO)
    query = await made(settings, PlayedTower(), PlayedTower())

    (answer,) = await query.recommend_for_photos([Ask(await rows.shop(pool), 3)], PIXELS[:1])

    assert isinstance(answer, Answer)
    assert answer.recommended == ()


async def test_without_the_image_tower_photos_wait_for_better_days_and_prompts_do_not(
    pool: Pool, settings: Settings
) -> None:
    image = PlayedTower()
    image.away = True
    shop = await rows.shop(pool)
    query = await made(settings, PlayedTower(), image)

    with pytest.raises(Unavailable):
        await query.recommend_for_photos([Ask(shop, 3)], PIXELS[:1])
    (answer,) = await query.recommend([Ask(shop, 3, "red dress")])

    assert isinstance(answer, Answer)


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ("{chroma}", {"chroma": "ok"}),
        ("{nowhere}", {"chroma": "the index did not answer in time"}),
        ("{chroma},b={nowhere}", {"chroma": "ok", "chroma b": "the index did not answer in time"}),
        ("{nowhere},b=http://127.0.0.1:7", {"chroma": "the index did not answer in time"}),
    ],
)
async def test_the_canary_names_each_chroma_server_that_is_away(
    settings: Settings, chroma_url: str, urls: str, said: dict[str, str]
) -> None:
    given = settings.model_copy(update={"chroma_url": urls.format(chroma=chroma_url, nowhere="http://127.0.0.1:9")})

    query = await made(given, PlayedTower(), PlayedTower())

    assert await query.canary() == {"clip": "ok", **said}
