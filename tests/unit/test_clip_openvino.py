"""A transformers CLIPModel on the CPU: converted once, beside transformers' own processor and model."""

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from models import clip_converted, clip_openvino
from models.checkpoint import Checkpoint, find
from models.clip import Cpu, DeviceUnavailable, Precision, image_tower, text_tower
from models.clip_runtime import openvino
from models.photo import prepare
from models.types import Embeddings, Pixels
from tests.unit.checkpoints import PROMPTS, apart, cosines, own_embeddings, sample_photos, save_clip

NEAREST = {"f32": 0.9999, "bf16": 0.999}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("converted")


def prepared(checkpoint: Checkpoint, count: int = 24) -> Pixels:
    return np.stack([prepare(data, checkpoint.side) for data in sample_photos(count)])


@pytest.mark.parametrize("precision", NEAREST)
def test_photos_embed_as_transformers_embeds_them(
    small: Checkpoint, own: tuple[Embeddings, Embeddings], kept: Path, precision: Precision
) -> None:
    tower = image_tower(small, device="cpu", cpu=Cpu(precision=precision, converted=kept))

    found = tower.embed_photos(prepared(small))

    assert (tower.side, tower.dimension, found.shape, found.dtype) == (96, 48, (24, 48), np.float32)
    assert apart(own[0]) < 0.99
    assert cosines(found, own[0]).min() >= NEAREST[precision]
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("precision", NEAREST)
def test_prompts_of_different_lengths_embed_as_transformers_embeds_them(
    small: Checkpoint, own: tuple[Embeddings, Embeddings], kept: Path, precision: Precision
) -> None:
    tower = text_tower(small, device="cpu", cpu=Cpu(precision=precision, converted=kept))

    found, chunks = tower.embed_prompts(PROMPTS)
    singles = np.concatenate([tower.embed_prompts([prompt])[0] for prompt in PROMPTS])

    assert (tower.dimension, found.shape, chunks) == (48, (4, 48), [1, 1, 1, 1])
    assert apart(own[1]) < 0.99
    assert cosines(found, own[1]).min() >= NEAREST[precision]
    assert cosines(singles, own[1]).min() >= NEAREST[precision]


def test_a_long_prompt_is_read_to_its_end(small: Checkpoint, kept: Path) -> None:
    tower = text_tower(small, device="cpu", cpu=Cpu(precision="f32", converted=kept))
    longest = "red dress " * 37

    (found, one_less), chunks = tower.embed_prompts([longest, longest.removesuffix("dress ")])

    assert chunks == [1, 1]
    assert float(found @ one_less) < 0.9999


def test_read_only_arrays_and_empty_batches_are_taken(small: Checkpoint, kept: Path) -> None:
    tower = image_tower(small, device="cpu", cpu=Cpu(converted=kept))
    photos = prepared(small)[:2]
    photos.flags.writeable = False

    assert tower.embed_photos(photos).shape == (2, 48)
    assert tower.embed_photos(photos[:0]).shape == (0, 48)
    assert text_tower(small, device="cpu", cpu=Cpu(converted=kept)).embed_prompts([])[0].shape == (0, 48)


def test_an_answer_stays_as_it_was_when_the_next_batch_comes(small: Checkpoint, kept: Path) -> None:
    tower, photos = image_tower(small, device="cpu", cpu=Cpu(converted=kept)), prepared(small)

    first = tower.embed_photos(photos[:4])
    before = first.copy()
    tower.embed_photos(photos[4:8])

    assert np.array_equal(first, before)


def test_a_checkpoint_is_converted_once(
    small: Checkpoint, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = clip_converted.find(small, "image", kept)

    monkeypatch.setattr(clip_converted, "_convert", None)

    assert clip_converted.find(small, "image", kept) == graph
    with pytest.raises(TypeError):
        clip_converted.find(small, "image", tmp_path)


def test_a_torn_or_changed_graph_is_converted_again(small: Checkpoint, tmp_path: Path) -> None:
    graph = clip_converted.find(small, "text", tmp_path)
    weights = graph.with_suffix(".bin")
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-4])

    assert clip_converted.find(small, "text", tmp_path) == graph
    assert weights.read_bytes() == whole
    (graph.parent / clip_converted.SUMS).unlink()
    assert clip_converted.find(small, "text", tmp_path) == graph
    assert json.loads((graph.parent / clip_converted.SUMS).read_text()).keys() == {"graph.xml", "graph.bin"}
    assert [each.name for each in tmp_path.iterdir()] == [graph.parent.name]


def test_two_replicas_may_convert_at_once(
    small: Checkpoint, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = openvino.Core().read_model(clip_converted.find(small, "image", kept))
    monkeypatch.setattr(clip_converted, "_convert", lambda *_: made)

    with ThreadPoolExecutor(4) as threads:
        graphs = list(threads.map(lambda _: clip_converted.find(small, "image", tmp_path), range(4)))

    assert len(set(graphs)) == 1
    assert graphs[0].is_file()
    assert len(list(tmp_path.iterdir())) == 1


def test_the_number_of_threads_is_respected(small: Checkpoint, kept: Path) -> None:
    tower = clip_openvino.OpenVinoImageTower(small, Cpu(threads=1, converted=kept))

    compiled = tower._run._request.get_compiled_model()

    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
    assert compiled.get_property("ENABLE_CPU_PINNING") is False


def test_bf16_is_chosen_where_it_was_measured_to_be_faster(
    small: Checkpoint, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: list[str] = []
    for tiles in (True, False):
        monkeypatch.setattr(clip_openvino, "has_tiles", lambda tiles=tiles: tiles)
        options.append(clip_openvino._options(Cpu())["INFERENCE_PRECISION_HINT"])

    assert options == ["bf16", "f32"]


def test_the_converter_reports_to_nobody() -> None:
    assert sys.modules["openvino.tools.ovc.telemetry_utils"].tm.__name__.endswith("telemetry_stub")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_asking_for_a_gpu_that_is_not_there_says_what_to_do(small: Checkpoint) -> None:
    with pytest.raises(DeviceUnavailable, match="under `args`"):
        image_tower(small, device="cuda")


def test_fashion_clips_shape_embeds_as_transformers_does(tmp_path: Path) -> None:
    folder = save_clip(tmp_path / "fashion", dtype=torch.float16)
    checkpoint, photos = find(str(folder)), sample_photos(6)
    pixels = np.stack([prepare(data, checkpoint.side) for data in photos])

    images = image_tower(checkpoint, device="auto", cpu=Cpu(converted=tmp_path)).embed_photos(pixels)
    texts, _ = text_tower(checkpoint, device="auto", cpu=Cpu(converted=tmp_path)).embed_prompts(PROMPTS)

    own = own_embeddings(folder, photos)
    assert (checkpoint.side, images.shape, texts.shape) == (224, (6, 512), (4, 512))
    assert apart(own[0]) < 0.999
    assert cosines(images, own[0]).min() >= 0.999
    assert cosines(texts, own[1]).min() >= 0.999
    # Random weights put every photo near every other: what differs between photos must agree as well.
    middle = own[0].mean(axis=0)
    differences = [(some - middle) / np.linalg.norm(some - middle, axis=1, keepdims=True) for some in (images, own[0])]
    assert cosines(differences[0], differences[1]).min() >= 0.99
    shutil.rmtree(folder)  # pytest would keep its 260 MB for three sessions
