"""The towers on a CPU, by OpenVINO: an exported dual encoder as it is, a transformers CLIPModel converted once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from models import clip_prompts
from models.checkpoint import BadCheckpoint, Checkpoint
from models.clip import Cpu
from models.clip_runtime import openvino
from models.clip_tokens import Tokens, tokenizer
from models.types import Embeddings, Pixels

IMAGE_INPUTS = ("pixels",)
TEXT_INPUTS = ("input_ids", "attention_mask")
IN_FLIGHT = 1
"""Batches at a time: each has all of a replica's threads."""


class OpenVinoImageTower:
    """Normalisation is part of the graph: it takes the bytes as they are."""

    in_flight = IN_FLIGHT

    def __init__(self, checkpoint: Checkpoint, cpu: Cpu) -> None:
        self.side = checkpoint.side
        self._run = _Graph(_file(checkpoint, "image", cpu), IMAGE_INPUTS, cpu)
        self.dimension = self._run.dimension

    def use_batches(self, sizes: Sequence[int], *, graphs: bool) -> None:
        """Any size is as good as another."""

    def embed_photos(self, photos: Pixels) -> Embeddings:
        if not len(photos):
            return np.zeros((0, self.dimension), np.float32)
        return clip_prompts.unit(self._run(photos))


class OpenVinoTextTower:
    in_flight = IN_FLIGHT

    def __init__(self, checkpoint: Checkpoint, cpu: Cpu) -> None:
        self._run = _Graph(_file(checkpoint, "text", cpu), TEXT_INPUTS, cpu)
        self.dimension = self._run.dimension
        self._tokenizer = tokenizer(checkpoint)

    def use_batches(self, sizes: Sequence[int], *, graphs: bool) -> None:
        """Any size is as good as another."""

    def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        return clip_prompts.embed(prompts, self._tokenizer, self._embed, self.dimension)

    def _embed(self, tokens: Tokens) -> Embeddings:
        return self._run(tokens.ids, tokens.mask)


class _Graph:
    """A compiled graph with one stream: a tower runs one batch at a time. Raises BadCheckpoint."""

    def __init__(self, file: Path, inputs: tuple[str, ...], cpu: Cpu) -> None:
        core = openvino.Core()
        try:
            model = core.read_model(file)
            _expect(model, inputs, file)
            compiled = core.compile_model(model, "CPU", _options(cpu))
        except RuntimeError as error:  # OpenVINO's own errors derive from it alone
            raise BadCheckpoint(f"{file} cannot be loaded as a model ({type(error).__name__}).") from error
        self._inputs = inputs
        self._request = compiled.create_infer_request()
        self.dimension = _dimension(compiled, file)

    def __call__(self, *arrays: np.ndarray) -> Embeddings:
        found = self._request.infer(dict(zip(self._inputs, arrays, strict=True)))
        return cast(Embeddings, found[0]).copy()  # the next batch overwrites it


def has_tiles() -> bool:
    """Whether this CPU multiplies bf16 matrices in tiles (Intel AMX). Without them bf16 batches were no faster."""
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def _options(cpu: Cpu) -> dict[str, Any]:
    precision = cpu.precision
    if precision == "auto":
        precision = "bf16" if has_tiles() else "f32"
    return {
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": cpu.threads or 0,
        "INFERENCE_PRECISION_HINT": precision,
        # Pinned threads of two replicas would share the first cores while others idle.
        "ENABLE_CPU_PINNING": False,
    }


def _file(checkpoint: Checkpoint, tower: Literal["image", "text"], cpu: Cpu) -> Path:
    if checkpoint.kind == "onnx":
        return checkpoint.folder / f"{tower}.onnx"
    from models import clip_converted

    return clip_converted.find(checkpoint, tower, cpu.converted)


def _expect(model: Any, inputs: tuple[str, ...], file: Path) -> None:
    found = sorted(one.get_any_name() for one in model.inputs)
    if found != sorted(inputs):
        raise BadCheckpoint(f"The graph {file} takes {', '.join(found)} instead of {', '.join(sorted(inputs))}.")


def _dimension(compiled: Any, file: Path) -> int:
    found = compiled.output(0).get_partial_shape()[-1]
    if not found.is_static:
        raise BadCheckpoint(f"The graph {file} does not say how many numbers its embedding has.")
    return cast(int, found.get_length())
