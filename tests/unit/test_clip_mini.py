"""The towers of the embedded checkpoint, on the photos of the sample catalogue."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.checkpoint import BadCheckpoint, Checkpoint, find
from models.clip import Cpu, ImageTower, TextTower, image_tower, text_tower
from models.photo import prepare
from models.types import Embeddings
from tests.unit import odd_photos as odd
from tests.unit.checkpoints import MINI, PROMPTS, cosines, own_pixels, sample_photos


@pytest.fixture(scope="module")
def mini() -> Checkpoint:
    return find(str(MINI))


@pytest.fixture(scope="module")
def images(mini: Checkpoint) -> ImageTower:
    return image_tower(mini, device="cpu", cpu=Cpu(threads=1))


@pytest.fixture(scope="module")
def texts(mini: Checkpoint) -> TextTower:
    return text_tower(mini, device="cpu", cpu=Cpu(threads=1))


def embed(images: ImageTower, photos: list[bytes]) -> Embeddings:
    return images.embed_photos(np.stack([prepare(data, images.side) for data in photos]))


def test_photos_embed_as_with_transformers_preprocessing(mini: Checkpoint, images: ImageTower) -> None:
    photos = sample_photos()
    config = json.loads((MINI / "preprocessor_config.json").read_text())
    mean, std = (np.array(config[key], np.float32)[:, None, None] for key in ("image_mean", "image_std"))
    own = ((own_pixels(photos, mini.side) * std + mean) * 255).round().clip(0, 255).astype(np.uint8)

    found = embed(images, photos)

    assert (found.shape, found.dtype) == ((24, images.dimension), np.float32)
    assert cosines(found, images.embed_photos(own)).min() >= 0.999


def test_a_large_jpeg_is_read_at_a_fraction_and_embeds_alike(images: ImageTower) -> None:
    photos = [odd.enlarged(data, 6) for data in sample_photos(4)]
    lossless = [odd.as_png(data) for data in photos]

    assert cosines(embed(images, photos), embed(images, lossless)).min() >= 0.999


@pytest.mark.parametrize("index", [0, 11, 23])
def test_the_eight_orientations_of_a_photo_embed_alike(images: ImageTower, index: int) -> None:
    upright = odd.opened(sample_photos()[index])

    found = embed(images, [odd.turned(upright, orientation) for orientation in range(1, 9)])

    assert cosines(found, found[[0]]).min() >= 0.99
    lying = embed(images, [odd.turned(upright.transpose(odd.Image.Transpose.ROTATE_90), 1)])
    assert cosines(found[[0]], lying).max() < 0.99  # without the turn it would show


def test_a_batch_equals_its_singles(images: ImageTower, texts: TextTower) -> None:
    photos = sample_photos(6)

    batch = embed(images, photos), texts.embed_prompts(PROMPTS)[0]

    assert cosines(batch[0], np.concatenate([embed(images, [data]) for data in photos])).min() >= 0.9999
    singles = [texts.embed_prompts([prompt])[0] for prompt in PROMPTS]
    assert cosines(batch[1], np.concatenate(singles)).min() >= 0.9999


def test_embeddings_have_unit_length_and_both_towers_one_dimension(images: ImageTower, texts: TextTower) -> None:
    found = embed(images, sample_photos(6)), texts.embed_prompts(PROMPTS)[0]

    assert images.dimension == texts.dimension == found[0].shape[1] == found[1].shape[1]
    assert all(np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5) for one in found)


def test_a_photo_is_nearer_to_what_it_shows(images: ImageTower, texts: TextTower) -> None:
    """Only that the two towers belong together; how well they see is measured by `make eval`."""
    folder = MINI.parent.parent.parent / "samples" / "photos"
    dresses, shoes = ([file.read_bytes() for file in sorted(folder.glob(f"{kind}-*"))[:8]] for kind in ("DR", "SO"))

    (dress, shoe), _ = texts.embed_prompts(["dress", "shoes"])

    assert (embed(images, dresses) @ (dress - shoe)).mean() > 0
    assert (embed(images, shoes) @ (dress - shoe)).mean() < 0


def test_long_prompts_are_split_and_counted(texts: TextTower) -> None:
    long = "a long red dress with pockets, " * 30

    found, chunks = texts.embed_prompts(["red dress", long, "衣" * 900])

    assert chunks[0] == 1
    assert chunks[1] in {3, 4}
    assert chunks[2] > 30
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert cosines(found[[1]], texts.embed_prompts(["a long red dress with pockets"])[0]).min() > 0.7


def test_empty_batches_are_taken(images: ImageTower, texts: TextTower) -> None:
    assert images.embed_photos(np.zeros((0, 3, images.side, images.side), np.uint8)).shape == (0, images.dimension)
    assert texts.embed_prompts([])[0].shape == (0, texts.dimension)


def test_two_towers_of_one_checkpoint_embed_the_same(mini: Checkpoint, images: ImageTower) -> None:
    photos = sample_photos(6)

    again = embed(image_tower(mini, device="auto"), photos)

    assert cosines(again, embed(images, photos)).min() >= 0.99999


def test_a_file_that_is_no_graph_is_refused(mini: Checkpoint, tmp_path: Path) -> None:
    folder = shutil.copytree(MINI, tmp_path / "broken")
    (folder / "image.onnx").write_bytes(b"not a graph")
    (folder / "tokenizer.json").write_text("{}")

    with pytest.raises(BadCheckpoint, match=r"image\.onnx cannot be loaded"):
        image_tower(replace(mini, folder=folder))
    with pytest.raises(BadCheckpoint, match="tokenizer"):
        text_tower(replace(mini, folder=folder))


def test_the_graphs_of_the_towers_are_not_mistaken_for_each_other(mini: Checkpoint, tmp_path: Path) -> None:
    folder = shutil.copytree(MINI, tmp_path / "swapped")
    shutil.copy(MINI / "text.onnx", folder / "image.onnx")

    with pytest.raises(BadCheckpoint, match="instead of pixels"):
        image_tower(replace(mini, folder=folder))
