"""The towers of a checkpoint behind one small interface: OpenVINO computes them on CPUs, torch on GPUs."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from models.checkpoint import Checkpoint
from models.types import Embeddings, Pixels

log = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "f32", "bf16"]


class DeviceUnavailable(Exception):
    """The device that was asked for is not on this machine; the message says what to do."""


class DeviceFull(Exception):
    """The device has no memory for the batch at this moment."""


@dataclass(frozen=True)
class Cpu:
    """How a tower uses the processor."""

    threads: int | None = None
    """None: one for each core."""
    precision: Precision = "auto"
    """`auto`: bf16 where the CPU multiplies tiles of it (AMX), else f32 (docs/decisions/0006-openvino-on-cpus.md)."""
    converted: Path | None = None
    """Where converted checkpoints are kept; None: beside the hub's cache."""


ALL_CORES = Cpu()


class Tower(Protocol):
    dimension: int

    @property
    def in_flight(self) -> int:
        """So many threads may call it at once: two on a GPU, where one batch is copied while the other is computed."""
        ...

    def use_batches(self, sizes: Sequence[int], *, graphs: bool) -> None:
        """On a GPU batches are padded to these sizes, each warmed up here; with `graphs` they run as CUDA graphs.

        On a CPU they run as they come: a new shape costs nothing there.
        """
        ...


class ImageTower(Tower, Protocol):
    side: int

    def embed_photos(self, photos: Pixels) -> Embeddings:
        """uint8[N, 3, S, S] → float32[N, D], unit length. Blocking: call it from a thread."""
        ...


class TextTower(Tower, Protocol):
    def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        """N cleaned prompts → float32[N, D], unit length, and into how many chunks of ≤ 77 tokens each was split.

        Blocking: call it from a thread.
        """
        ...


def image_tower(checkpoint: Checkpoint, *, device: Device = "auto", cpu: Cpu = ALL_CORES) -> ImageTower:
    """Loads the image half only. A GPU computes in bf16 or fp16 (what it has), a CPU as `cpu` says.

    Raises BadCheckpoint or DeviceUnavailable.
    """
    if _on_gpu(checkpoint, device):
        from models import clip_torch

        return clip_torch.load_image_tower(checkpoint, device="cuda")
    from models import clip_openvino

    return clip_openvino.OpenVinoImageTower(checkpoint, cpu)


def text_tower(checkpoint: Checkpoint, *, device: Device = "auto", cpu: Cpu = ALL_CORES) -> TextTower:
    """Loads the text half and the tokenizer only. Raises BadCheckpoint or DeviceUnavailable."""
    if _on_gpu(checkpoint, device):
        from models import clip_torch

        return clip_torch.load_text_tower(checkpoint, device="cuda")
    from models import clip_openvino

    return clip_openvino.OpenVinoTextTower(checkpoint, cpu)


def _on_gpu(checkpoint: Checkpoint, device: Device) -> bool:
    """Exported checkpoints are small enough for the CPU."""
    if checkpoint.kind == "onnx":
        if device == "cuda":
            log.warning("checkpoints of ONNX files are embedded on the CPU", extra={"checkpoint": checkpoint.id})
        return False
    if device == "cpu":
        return False
    from models import clip_torch

    if clip_torch.has_cuda():
        return True
    if device == "cuda":
        raise DeviceUnavailable("There is no CUDA device here. Set `device` under `args` of the config to cpu or auto.")
    return False
