"""A checkpoint of CLIP's shape, small and with random weights, and what transformers itself makes of it."""

import pytest

from models.checkpoint import Checkpoint, find
from models.types import Embeddings
from tests.unit.checkpoints import SMALL, own_embeddings, sample_photos, save_clip


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return find(str(save_clip(tmp_path_factory.mktemp("small"), **SMALL, projection_dim=48)))


@pytest.fixture(scope="session")
def own(small: Checkpoint) -> tuple[Embeddings, Embeddings]:
    """float32[N, D] each: of the sample photos, and of PROMPTS."""
    return own_embeddings(small.folder, sample_photos())
