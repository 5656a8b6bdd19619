"""The Query replica over real stores; only the handle of the text tower is played."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from pydantic import SecretStr
from ray.serve.handle import DeploymentHandle

from api.ports import Answer, Ask
from db.errors import Unavailable
from db.postgres import Pool
from deployments.query import Query
from deployments.settings import Settings
from models.types import Embeddings
from tests.integration import rows


class PlayedTower:
    """Stands for the handle and its method."""

    def __init__(self) -> None:
        self.away = False
        self.embed_prompts = self

    async def remote(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        if self.away:
            raise Unavailable("the tower is away")
        return np.full((len(prompts), 4), 0.5, np.float32), [1] * len(prompts)


@pytest.fixture
def settings(database_dsn: str, chroma_url: str, tmp_path: Path) -> Settings:
    return Settings(postgres_dsn=SecretStr(database_dsn), chroma_url=chroma_url, photos_url=str(tmp_path))


async def test_a_remembered_prompt_is_answered_while_the_tower_is_away(pool: Pool, settings: Settings) -> None:
    tower = PlayedTower()
    shop = await rows.shop(pool)
    query = Query.__new__(Query)
    await query.__init__(settings, cast("DeploymentHandle[Any]", tower))  # as Serve makes it
    await query.recommend([Ask(shop, 5, "red dress")])
    tower.away = True

    known, fresh = await query.recommend([Ask(shop, 5, "red dress"), Ask(shop, 5, "blue hat")])

    assert isinstance(known, Answer)
    assert isinstance(fresh, Unavailable)
