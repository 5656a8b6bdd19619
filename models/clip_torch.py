"""The towers of a transformers CLIPModel, by torch: GPUs compute them, and a CPU's graphs are converted from them.

Each loads its half of the weights only.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor
from transformers import (
    CLIPConfig,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)
from transformers.utils import logging as transformers_logging

from models import clip_prompts
from models.checkpoint import BadCheckpoint, Checkpoint, Preprocessing, preprocessing
from models.clip import DeviceFull
from models.clip_lanes import Forward, Lanes
from models.clip_tokens import PromptTokenizer, Tokens, tokenizer
from models.types import Embeddings, Pixels

log = logging.getLogger(__name__)

Device = Literal["cpu", "cuda"]
LENGTHS = (8, 16, 32, 77)
"""In tokens; most prompts have 5 to 10, CLIP reads 77 at most."""


class TorchImageTower:
    def __init__(self, model: CLIPVisionModelWithProjection, prepared: Preprocessing) -> None:
        self.side = prepared.side
        self.dimension = model.config.projection_dim
        self.model = model
        # Scaled to bytes, so that the device receives a quarter of what float32 pixels would weigh.
        self._mean = (torch.tensor(prepared.mean).view(1, 3, 1, 1) * 255).to(model.device)
        self._std = (torch.tensor(prepared.std).view(1, 3, 1, 1) * 255).to(model.device)
        self._padded = Padded(self.forward, model.device)

    @property
    def in_flight(self) -> int:
        return self._padded.in_flight

    def use_batches(self, sizes: Sequence[int], *, graphs: bool) -> None:
        photo = np.zeros((1, 3, self.side, self.side), np.uint8)
        self._padded.prepare(sizes, [[photo]], graphs=graphs)

    def embed_photos(self, photos: Pixels) -> Embeddings:
        if not len(photos):
            return np.zeros((0, self.dimension), np.float32)
        return self._padded.run(photos)

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8[N, 3, S, S] → float32[N, D], unit length, both on the device."""
        scaled = ((pixels.float() - self._mean) / self._std).to(self.model.dtype)
        return _unit(self.model(pixel_values=scaled).image_embeds)


class TorchTextTower:
    def __init__(self, model: CLIPTextModelWithProjection, tokenizer: PromptTokenizer) -> None:
        self.dimension = cast(int, model.config.projection_dim)
        self.model = model
        self.tokenizer = tokenizer
        self._lengths: tuple[int, ...] = ()
        self._padded = Padded(self.forward, model.device)

    @property
    def in_flight(self) -> int:
        return self._padded.in_flight

    def use_batches(self, sizes: Sequence[int], *, graphs: bool) -> None:
        """Of each size batches of each of LENGTHS."""
        self._lengths = LENGTHS
        prompt = self.tokenizer.chunks("dress")
        tokens = [self.tokenizer.pad(prompt).widened(length, self.tokenizer.eos) for length in LENGTHS]
        self._padded.prepare(sizes, [[each.ids, each.mask] for each in tokens], graphs=graphs)

    def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        return clip_prompts.embed(prompts, self.tokenizer, self._embed, self.dimension)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """int64[N, L] twice → float32[N, D], unit length, on the device."""
        return _unit(self.model(input_ids=ids, attention_mask=mask).text_embeds)

    def _embed(self, tokens: Tokens) -> Embeddings:
        longest = tokens.ids.shape[1]
        length = next((length for length in self._lengths if length >= longest), longest)
        tokens = tokens.widened(length, self.tokenizer.eos)
        return self._padded.run(tokens.ids, tokens.mask)


class Padded:
    """Runs batches in few sizes, so that a device meets no shape that it was not warmed up for.

    Until `prepare` is called batches run as they come. May be called by as many threads as `in_flight` says.
    """

    def __init__(self, forward: Forward, device: torch.device) -> None:
        self._forward = forward
        self._lanes = Lanes(device)
        self._sizes: tuple[int, ...] = ()

    @property
    def in_flight(self) -> int:
        return len(self._lanes.all)

    def prepare(self, sizes: Sequence[int], examples: Sequence[Sequence[np.ndarray]], *, graphs: bool) -> None:
        """Warms every lane up for every size of each example, largest first so that memory is asked for once.

        `graphs`: they run as CUDA graphs from then on.
        """
        started = time.monotonic()
        with self._lanes.take_all() as lanes:
            for lane in lanes:
                lane.forget()
                for size in sorted(sizes, reverse=True):
                    for example in examples:
                        arrays = [_repeated(each, size) for each in example]
                        if graphs:
                            lane.capture(self._forward, arrays)
                        lane.run(self._forward, arrays)
            self._sizes = tuple(sorted(sizes))
        log.info("batch sizes are warm", extra={"sizes": self._sizes, "seconds": round(time.monotonic() - started, 1)})

    def run(self, *arrays: np.ndarray) -> Embeddings:
        """[N, …] each → float32[N, D]. A batch that the device's memory cannot hold runs in halves.

        Raises DeviceFull when those do not fit either.
        """
        count = len(arrays[0])
        largest = self._sizes[-1] if self._sizes else count
        if count > largest:
            return self._in_parts(self.run, arrays, largest)
        size = next((size for size in self._sizes if size >= count), count)
        try:
            return self._once(*(_repeated(each, size) for each in arrays))[:count]
        except torch.OutOfMemoryError:
            log.warning("a batch did not fit into the device's memory", extra={"size": size})
        torch.cuda.empty_cache()
        try:
            return self._in_parts(self._once, arrays, (count + 1) // 2)
        except torch.OutOfMemoryError as error:
            raise DeviceFull(f"the device has no memory for {count} at once, nor for half of them") from error

    def _once(self, *arrays: np.ndarray) -> Embeddings:
        with self._lanes.take() as lane:
            return lane.run(self._forward, arrays)

    @staticmethod
    def _in_parts(run: Callable[..., Embeddings], arrays: Sequence[np.ndarray], size: int) -> Embeddings:
        starts = range(0, len(arrays[0]), size)
        return np.concatenate([run(*(each[start : start + size] for each in arrays)) for start in starts])


def _repeated(array: np.ndarray, size: int) -> np.ndarray:
    """Padded with its last row, at which nobody looks."""
    missing = size - len(array)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) if missing else array


def has_cuda() -> bool:
    return torch.cuda.is_available()


def load_image_tower(checkpoint: Checkpoint, *, device: Device, dtype: torch.dtype | None = None) -> TorchImageTower:
    """`dtype`: None is what the device is fastest in. Raises BadCheckpoint."""
    both = _config(checkpoint)
    config = cast(CLIPVisionConfig, both.vision_config)
    # The whole model's word counts; the half's own is often the default.
    config.projection_dim = cast(int, both.projection_dim)
    model = _half(CLIPVisionModelWithProjection, checkpoint, config, torch.device(device), dtype)
    return TorchImageTower(model, preprocessing(checkpoint.folder))


def load_text_tower(checkpoint: Checkpoint, *, device: Device, dtype: torch.dtype | None = None) -> TorchTextTower:
    """`dtype`: None is what the device is fastest in. Raises BadCheckpoint."""
    words = tokenizer(checkpoint)
    both = _config(checkpoint)
    config = cast(CLIPTextConfig, both.text_config)
    config.projection_dim = both.projection_dim
    # Old checkpoints state 2 and mean "the highest id of the prompt"; others leave it to a default that only fits
    # CLIP's own vocabulary. What ends a prompt is what the tokenizer puts there.
    config.eos_token_id = words.eos
    model = _half(CLIPTextModelWithProjection, checkpoint, config, torch.device(device), dtype)
    return TorchTextTower(model, words)


def _unit(embeddings: Tensor) -> Tensor:
    """In float32 whatever the model computes in."""
    return torch.nn.functional.normalize(embeddings.float(), dim=-1)


def _precision(device: torch.device) -> torch.dtype:
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _config(checkpoint: Checkpoint) -> CLIPConfig:
    try:
        return CLIPConfig.from_pretrained(checkpoint.folder, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise BadCheckpoint(f"{checkpoint.folder}/config.json is no CLIP configuration.") from error


def _half(kind: type[Any], checkpoint: Checkpoint, config: Any, device: torch.device, dtype: torch.dtype | None) -> Any:
    """The other half's weights are left in the file. Weights that are missing would silently be random: refused."""
    transformers_logging.set_verbosity_error()  # it would report the other half as unexpected
    transformers_logging.disable_progress_bar()
    try:
        model, loaded = kind.from_pretrained(
            checkpoint.folder,
            config=config,
            dtype=dtype or _precision(device),
            attn_implementation="sdpa",
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise BadCheckpoint(f"{checkpoint.folder}/model.safetensors does not fit its config.json.") from error
    missing = sorted(loaded["missing_keys"])
    if missing:
        raise BadCheckpoint(
            f"{checkpoint.folder}/model.safetensors lacks {len(missing)} weights, such as {missing[0]}."
        )
    return model.eval().to(device)
