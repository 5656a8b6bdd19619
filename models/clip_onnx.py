"""The towers of an exported dual encoder (`image.onnx`, `text.onnx`), by onnxruntime."""

import logging
from pathlib import Path
from typing import cast

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models import clip_prompts
from models.checkpoint import BadCheckpoint, Checkpoint
from models.clip import Device
from models.clip_tokens import PromptTokenizer, Tokens
from models.types import Embeddings, Pixels

log = logging.getLogger(__name__)


class OnnxImageTower:
    """Normalisation is part of the graph: it takes the bytes as they are."""

    def __init__(self, checkpoint: Checkpoint, *, device: Device, threads: int | None) -> None:
        self.side = checkpoint.side
        self._session = _session(checkpoint.folder / "image.onnx", device=device, threads=threads)
        _expect(self._session, {"pixels"}, checkpoint)
        self.dimension = _dimension(self._session, checkpoint)

    def embed_photos(self, photos: Pixels) -> Embeddings:
        if not len(photos):
            return np.zeros((0, self.dimension), np.float32)
        return clip_prompts.unit(_run(self._session, {"pixels": photos}))


class OnnxTextTower:
    def __init__(self, checkpoint: Checkpoint, *, device: Device, threads: int | None) -> None:
        # A prompt is too small to share: a second thread takes 1.4 times the CPU and saves no time.
        self._session = _session(checkpoint.folder / "text.onnx", device=device, threads=threads or 1)
        _expect(self._session, {"input_ids", "attention_mask"}, checkpoint)
        self.dimension = _dimension(self._session, checkpoint)
        self._tokenizer = _tokenizer(checkpoint.folder / "tokenizer.json")

    def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        return clip_prompts.embed(prompts, self._tokenizer, self._embed, self.dimension)

    def _embed(self, tokens: Tokens) -> Embeddings:
        return _run(self._session, {"input_ids": tokens.ids, "attention_mask": tokens.mask})


def _session(file: Path, *, device: Device, threads: int | None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0  # 0: one for each core
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads would otherwise burn the cores that decode photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(file, options, providers=_providers(device))
    except Exception as error:  # onnxruntime's own classes are private and derive from Exception alone
        raise BadCheckpoint(f"{file} cannot be loaded as an ONNX model ({type(error).__name__}).") from error


def _providers(device: Device) -> list[str]:
    """The usual onnxruntime package has no cuda: these checkpoints are small enough for the CPU."""
    cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device == "cuda" and not cuda:
        log.warning("onnxruntime without cuda: embedding on the CPU")
    return ["CUDAExecutionProvider", "CPUExecutionProvider"] if cuda and device != "cpu" else ["CPUExecutionProvider"]


def _expect(session: onnxruntime.InferenceSession, names: set[str], checkpoint: Checkpoint) -> None:
    found = {one.name for one in session.get_inputs()}
    if found != names:
        raise BadCheckpoint(
            f"A graph of {checkpoint.folder} takes {', '.join(sorted(found))} instead of {', '.join(sorted(names))}."
        )


def _dimension(session: onnxruntime.InferenceSession, checkpoint: Checkpoint) -> int:
    found: object = session.get_outputs()[0].shape[-1]
    if not isinstance(found, int):
        raise BadCheckpoint(f"A graph of {checkpoint.folder} does not say how many numbers its embedding has.")
    return found


def _run(session: onnxruntime.InferenceSession, inputs: dict[str, Pixels] | dict[str, np.ndarray]) -> Embeddings:
    return cast(Embeddings, session.run(["embedding"], inputs)[0])


def _tokenizer(file: Path) -> PromptTokenizer:
    try:
        return PromptTokenizer(Tokenizer.from_file(str(file)))
    except Exception as error:  # the tokenizers library raises plain Exception
        raise BadCheckpoint(f"{file} cannot be used as CLIP's tokenizer ({error}).") from error
