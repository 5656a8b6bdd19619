"""The towers of a checkpoint behind one small interface, whichever runtime computes them."""

from typing import Literal, Protocol

from models.checkpoint import Checkpoint
from models.types import Embeddings, Pixels

Device = Literal["auto", "cpu", "cuda"]


class DeviceUnavailable(Exception):
    """The device that was asked for is not on this machine; the message says what to do."""


class ImageTower(Protocol):
    side: int
    dimension: int

    def embed_photos(self, photos: Pixels) -> Embeddings:
        """uint8[N, 3, S, S] → float32[N, D], unit length. Blocking: call it from a thread, one call at a time."""
        ...


class TextTower(Protocol):
    dimension: int

    def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        """N cleaned prompts → float32[N, D], unit length, and into how many chunks of ≤ 77 tokens each was split.

        Blocking: call it from a thread, one call at a time.
        """
        ...


def image_tower(checkpoint: Checkpoint, *, device: Device = "auto", threads: int | None = None) -> ImageTower:
    """Loads the image half only. cuda runs in bf16 or fp16 (what the GPU has), the CPU in float32.

    Raises BadCheckpoint or DeviceUnavailable.
    """
    if checkpoint.kind == "onnx":
        from models import clip_onnx

        return clip_onnx.OnnxImageTower(checkpoint, device=device, threads=threads)
    from models import clip_torch

    return clip_torch.load_image_tower(checkpoint, device=device, threads=threads)


def text_tower(checkpoint: Checkpoint, *, device: Device = "auto", threads: int | None = None) -> TextTower:
    """Loads the text half and the tokenizer only. Raises BadCheckpoint or DeviceUnavailable."""
    if checkpoint.kind == "onnx":
        from models import clip_onnx

        return clip_onnx.OnnxTextTower(checkpoint, device=device, threads=threads)
    from models import clip_torch

    return clip_torch.load_text_tower(checkpoint, device=device, threads=threads)
