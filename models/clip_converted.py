"""A transformers checkpoint's towers as OpenVINO graphs, converted at the first start and kept on disk."""

import hashlib
import json
import logging
import re
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal

import torch
from huggingface_hub.constants import HF_HOME
from torch import Tensor, nn

from models import clip_torch
from models.checkpoint import Checkpoint
from models.clip_runtime import openvino

log = logging.getLogger(__name__)

GRAPH = "graph.xml"
SUMS = "sums.json"
FORMAT = 1
"""Raised when the same checkpoint and OpenVINO would be converted to another graph."""


def find(checkpoint: Checkpoint, tower: Literal["image", "text"], kept: Path | None) -> Path:
    """The graph's file; converts where there is none or its files are not what was written. Raises BadCheckpoint."""
    name = re.sub(r"[^\w.-]+", "-", f"{checkpoint.name}-{checkpoint.revision}")
    folder = (kept or Path(HF_HOME) / "fitmatch") / f"{name}-{tower}-{openvino.__version__.split('-')[0]}-{FORMAT}"
    if not _whole(folder):
        _write(_convert(checkpoint, tower), folder)
    return folder / GRAPH


class _Traced(nn.Module):
    """A tower's own computation as a module, with the weights where the converter looks for them."""

    def __init__(self, tower: clip_torch.TorchImageTower | clip_torch.TorchTextTower) -> None:
        super().__init__()
        self.model = tower.model
        self.forward = tower.forward


@torch.inference_mode()
def _convert(checkpoint: Checkpoint, tower: Literal["image", "text"]) -> Any:
    log.info("converting a tower for the CPU", extra={"checkpoint": checkpoint.id, "tower": tower})
    if tower == "image":
        image = clip_torch.load_image_tower(checkpoint, device="cpu", dtype=torch.float32)
        pixels = torch.zeros((2, 3, image.side, image.side), dtype=torch.uint8)
        return _traced(image, {"pixels": pixels}, openvino.PartialShape([-1, 3, image.side, image.side]))
    text = clip_torch.load_text_tower(checkpoint, device="cpu", dtype=torch.float32)
    # One of the two is padded: a mask of ones alone would be traced away.
    tokens = text.tokenizer.pad([chunk for prompt in ("dress", "red dress") for chunk in text.tokenizer.chunks(prompt)])
    inputs = {"input_ids": torch.from_numpy(tokens.ids), "attention_mask": torch.from_numpy(tokens.mask)}
    return _traced(text, inputs, openvino.PartialShape([-1, -1]))


def _traced(
    tower: clip_torch.TorchImageTower | clip_torch.TorchTextTower, example: dict[str, Tensor], shape: Any
) -> Any:
    """The graph takes inputs of these names, each of this shape."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch: every batch takes the example's branches
        model = openvino.convert_model(
            _Traced(tower), example_input=tuple(example.values()), input=[shape for _ in example]
        )
    for port, name in zip(model.inputs, example, strict=True):
        port.get_tensor().set_names({name})
    return model


def _write(model: Any, folder: Path) -> None:
    """Whole or not at all; of two replicas that convert at once the first wins."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".converting-") as temporary:
        made = Path(temporary) / "made"
        made.mkdir()
        openvino.save_model(model, made / GRAPH, compress_to_fp16=False)
        sums = {file.name: _sum(file) for file in made.iterdir()}
        (made / SUMS).write_text(json.dumps(sums))
        if not _whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                made.rename(folder)
            except OSError:
                if not _whole(folder):
                    raise


def _whole(folder: Path) -> bool:
    try:
        sums: dict[str, str] = json.loads((folder / SUMS).read_text())
        return GRAPH in sums and all(_sum(folder / name) == digest for name, digest in sums.items())
    except (OSError, ValueError):
        return False


def _sum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
