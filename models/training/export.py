"""`python -m models.training.export --work DIR --out DIR`: the best epoch so far as a checkpoint folder."""

import argparse
import hashlib
import json
import logging
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.training.card import write_card
from models.training.encoder import MEAN, STD
from models.training.model import SIDE, Encoder, Result, embed_prompts, load
from models.training.tokenizer import build_tokenizer

OPSET = 17
COSINE_MIN = 0.9999
# Smaller ones (depthwise convolutions, biases) stay float32: they weigh little and lose most.
HALF_VALUES_MIN = 65_536
PROMPTS = [
    "red dress",
    "black leather shoes",
    "a photo of a striped shirt",
    "jeans",
    "warm winter jacket for kids, in blue",
]

log = logging.getLogger("export")


def export(encoder: Encoder, result: Result, out: Path) -> None:
    """Replaces the folder's files, unless the exported towers disagree with the trained ones."""
    with TemporaryDirectory() as folder:
        _write(encoder, result, Path(folder))
        out.mkdir(parents=True, exist_ok=True)
        for file in Path(folder).iterdir():
            shutil.copy(file, out / file.name)


def _write(encoder: Encoder, result: Result, out: Path) -> None:
    tokenizer = build_tokenizer()
    _export_photo_tower(encoder.photo, out / "image.onnx")
    _export_prompt_tower(encoder.prompt, out / "text.onnx")
    tokenizer.save(str(out / "tokenizer.json"))
    _write_json(out / "preprocessor_config.json", _preprocessor())
    cosines = (_photo_cosine(encoder, out), _prompt_cosine(encoder, tokenizer, out))
    log.info("smallest cosine to the trained towers: photos %.6f, prompts %.6f", *cosines)
    if min(cosines) < COSINE_MIN:
        raise SystemExit(f"the exported towers differ from the trained ones: cosine {min(cosines):.6f}")
    write_card(result, out / "README.md")
    names = ["image.onnx", "text.onnx", "tokenizer.json", "preprocessor_config.json"]
    files = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names}
    _write_json(out / "manifest.json", {"name": "mini", "files": files})


def _export_photo_tower(tower: nn.Module, path: Path) -> None:
    pixels = torch.zeros(2, 3, SIDE, SIDE, dtype=torch.uint8)
    axes = {"pixels": {0: "batch"}, "embedding": {0: "batch"}}
    _export(tower, (pixels,), path, ["pixels"], axes)


def _export_prompt_tower(tower: nn.Module, path: Path) -> None:
    ids = torch.full((2, 9), 300)
    ids[:, -1] = build_tokenizer().get_vocab_size() - 1
    axes = {
        "input_ids": {0: "batch", 1: "length"},
        "attention_mask": {0: "batch", 1: "length"},
        "embedding": {0: "batch"},
    }
    _export(tower, (ids, torch.ones_like(ids)), path, ["input_ids", "attention_mask"], axes)


def _export(
    tower: nn.Module, arguments: tuple[Tensor, ...], path: Path, inputs: list[str], axes: dict[str, dict[int, str]]
) -> None:
    with torch.inference_mode():
        torch.onnx.export(
            tower.eval(), arguments, path, input_names=inputs, output_names=["embedding"],
            dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    onnx.save(_halved(onnx.load(path)), path)


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large weights stored as float16 with a cast to float32, which onnxruntime folds away when it loads."""
    casts: list[onnx.NodeProto] = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < HALF_VALUES_MIN:
            continue
        name = weight.name
        half = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _photo_cosine(encoder: Encoder, folder: Path) -> float:
    """Smallest over a batch of noise and plain colours; noise exercises every channel."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (8, 3, SIDE, SIDE), dtype=np.uint8)
    pixels[4:] = rng.integers(0, 256, (4, 3, 1, 1), dtype=np.uint8)
    with torch.inference_mode():
        expected = encoder.photo(torch.from_numpy(pixels)).numpy()
    return _smallest(expected, _run(folder / "image.onnx", {"pixels": pixels}))


def _prompt_cosine(encoder: Encoder, tokenizer: Tokenizer, folder: Path) -> float:
    """Compares each prompt alone through torch with all of them, padded, through onnxruntime."""
    with torch.inference_mode():
        expected = torch.cat([embed_prompts(encoder, tokenizer, [prompt]) for prompt in PROMPTS]).numpy()
    tokenizer.enable_padding(pad_id=0)
    encodings = tokenizer.encode_batch(PROMPTS)
    tokenizer.no_padding()
    ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
    mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
    return _smallest(expected, _run(folder / "text.onnx", {"input_ids": ids, "attention_mask": mask}))


def _run(path: Path, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return cast(NDArray[np.float32], session.run(["embedding"], inputs)[0])


def _smallest(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    return float((expected * found).sum(1).min())


def _preprocessor() -> dict[str, object]:
    return {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": SIDE},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": SIDE, "width": SIDE},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": STD,
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".fitmatch/train"))
    parser.add_argument("--out", type=Path, default=Path("models/checkpoints/mini"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    export(*load(arguments.work / "best.pt"), arguments.out)


if __name__ == "__main__":
    main()
