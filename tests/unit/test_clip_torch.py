"""The towers of a transformers CLIPModel, beside transformers' own processor and model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models.checkpoint import BadCheckpoint, Checkpoint, find
from models.clip_torch import load_image_tower, load_text_tower
from models.photo import prepare
from models.types import Embeddings, Pixels
from tests.unit.checkpoints import PROMPTS, apart, cosines, sample_photos


def prepared(checkpoint: Checkpoint) -> Pixels:
    return np.stack([prepare(data, checkpoint.side) for data in sample_photos()])


def changed(small: Checkpoint, folder: Path, **text_config: object) -> Checkpoint:
    shutil.copytree(small.folder, folder)
    config = json.loads((folder / "config.json").read_text())
    config["text_config"].update(text_config)
    (folder / "config.json").write_text(json.dumps(config))
    return find(str(folder))


def test_photos_embed_as_transformers_embeds_them(small: Checkpoint, own: tuple[Embeddings, Embeddings]) -> None:
    tower = load_image_tower(small, device="cpu")

    found = tower.embed_photos(prepared(small))

    assert (tower.side, tower.dimension, found.shape, found.dtype) == (96, 48, (24, 48), np.float32)
    assert apart(own[0]) < 0.99
    assert cosines(found, own[0]).min() >= 0.999
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_prompts_embed_as_transformers_embeds_them(small: Checkpoint, own: tuple[Embeddings, Embeddings]) -> None:
    tower = load_text_tower(small, device="cpu")

    found, chunks = tower.embed_prompts(PROMPTS)

    assert (tower.dimension, found.shape, chunks) == (48, (4, 48), [1, 1, 1, 1])
    assert apart(own[1]) < 0.99
    assert cosines(found, own[1]).min() >= 0.9999


def test_a_batch_equals_its_singles(small: Checkpoint) -> None:
    photos = prepared(small)[:5]
    images, texts = load_image_tower(small, device="cpu"), load_text_tower(small, device="cpu")

    batch = images.embed_photos(photos), texts.embed_prompts(PROMPTS)[0]

    singles = [images.embed_photos(photos[[index]]) for index in range(5)]
    assert cosines(batch[0], np.concatenate(singles)).min() >= 0.9999
    singles = [texts.embed_prompts([prompt])[0] for prompt in PROMPTS]
    assert cosines(batch[1], np.concatenate(singles)).min() >= 0.9999


def test_a_long_prompt_is_the_mean_of_its_chunks_by_their_length(small: Checkpoint) -> None:
    tower = load_text_tower(small, device="cpu")
    first, second = "red dress " * 36 + "now,", "blue dress " * 20

    whole, chunks = tower.embed_prompts([first + " " + second])

    parts, _ = tower.embed_prompts([first, second.strip()])
    mean = (2 * 36 + 2 + 2) * parts[0] + (2 * 20 + 2) * parts[1]  # words, comma, begin and end
    assert chunks == [2]
    assert cosines(whole, mean[None] / np.linalg.norm(mean)).min() >= 0.9999


@pytest.mark.parametrize("stated", [2, 49407, 6513])
def test_a_prompt_is_read_at_its_end_whatever_the_configuration_calls_it(
    small: Checkpoint, own: tuple[Embeddings, Embeddings], tmp_path: Path, stated: int
) -> None:
    other = changed(small, tmp_path / "other", eos_token_id=stated)

    found, _ = load_text_tower(other, device="cpu").embed_prompts(PROMPTS)

    assert cosines(found, own[1]).min() >= 0.9999


def test_a_gpus_precision_keeps_the_embeddings_and_their_type(
    small: Checkpoint, own: tuple[Embeddings, Embeddings]
) -> None:
    images = load_image_tower(small, device="cpu", dtype=torch.bfloat16)
    texts = load_text_tower(small, device="cpu", dtype=torch.bfloat16)

    found = images.embed_photos(prepared(small)), texts.embed_prompts(PROMPTS)[0]

    for some, exact in zip(found, own, strict=True):
        assert some.dtype == np.float32
        assert 0.99 <= cosines(some, exact).min() < 1 - 1e-6
        assert np.allclose(np.linalg.norm(some, axis=1), 1, atol=1e-5)


def test_read_only_arrays_and_empty_batches_are_taken(small: Checkpoint) -> None:
    tower = load_image_tower(small, device="cpu")
    photos = prepared(small)[:2]
    photos.flags.writeable = False

    assert tower.embed_photos(photos).shape == (2, 48)
    assert tower.embed_photos(photos[:0]).shape == (0, 48)
    assert load_text_tower(small, device="cpu").embed_prompts([])[0].shape == (0, 48)


def test_each_tower_holds_its_half_only(small: Checkpoint) -> None:
    images = load_image_tower(small, device="cpu")
    texts = load_text_tower(small, device="cpu")

    whole = sum(one.numel() for one in load_file(small.folder / "model.safetensors").values())
    halves = [sum(one.numel() for one in tower.model.parameters()) for tower in (images, texts)]
    assert sum(halves) == whole - 1  # the temperature belongs to neither


def test_missing_weights_are_refused_instead_of_made_up(small: Checkpoint, tmp_path: Path) -> None:
    other = changed(small, tmp_path / "other")
    weights = load_file(other.folder / "model.safetensors")
    del weights["vision_model.post_layernorm.weight"]
    save_file(weights, other.folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(BadCheckpoint, match=r"lacks 1 weights, such as vision_model\.post_layernorm"):
        load_image_tower(other, device="cpu")
    assert load_text_tower(other, device="cpu").dimension == 48


def test_weights_of_another_shape_are_refused(small: Checkpoint, tmp_path: Path) -> None:
    other = changed(small, tmp_path / "other", intermediate_size=256)

    with pytest.raises(BadCheckpoint, match="does not fit"):
        load_text_tower(other, device="cpu")
