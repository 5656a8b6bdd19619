"""The towers of a transformers CLIPModel, by torch: GPUs compute them, and a CPU's graphs are converted from them.

Each loads its half of the weights only.
"""

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
from models.clip_tokens import PromptTokenizer, Tokens, tokenizer
from models.types import Embeddings, Pixels

Device = Literal["cpu", "cuda"]


class TorchImageTower:
    def __init__(self, model: CLIPVisionModelWithProjection, prepared: Preprocessing) -> None:
        self.side = prepared.side
        self.dimension = model.config.projection_dim
        self.model = model
        # Scaled to bytes, so that the device receives a quarter of what float32 pixels would weigh.
        self._mean = (torch.tensor(prepared.mean).view(1, 3, 1, 1) * 255).to(model.device)
        self._std = (torch.tensor(prepared.std).view(1, 3, 1, 1) * 255).to(model.device)
        self._staging = _Staging(model.device)

    @torch.inference_mode()
    def embed_photos(self, photos: Pixels) -> Embeddings:
        if not len(photos):
            return np.zeros((0, self.dimension), np.float32)
        return self.forward(self._staging.to_device(photos)).cpu().numpy()

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8[N, 3, S, S] → float32[N, D], unit length, both on the device."""
        scaled = ((pixels.float() - self._mean) / self._std).to(self.model.dtype)
        return _unit(self.model(pixel_values=scaled).image_embeds)


class TorchTextTower:
    def __init__(self, model: CLIPTextModelWithProjection, tokenizer: PromptTokenizer) -> None:
        self.dimension = cast(int, model.config.projection_dim)
        self.model = model
        self.tokenizer = tokenizer

    def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        return clip_prompts.embed(prompts, self.tokenizer, self._embed, self.dimension)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """int64[N, L] twice → float32[N, D], unit length, on the device."""
        return _unit(self.model(input_ids=ids, attention_mask=mask).text_embeds)

    @torch.inference_mode()
    def _embed(self, tokens: Tokens) -> Embeddings:
        ids, mask = (torch.from_numpy(one).to(self.model.device) for one in (tokens.ids, tokens.mask))
        return self.forward(ids, mask).cpu().numpy()


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


class _Staging:
    """Pinned memory that batches pass through to a GPU: a copy from there neither blocks nor is copied once more."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pinned: Tensor | None = None

    def to_device(self, photos: Pixels) -> Tensor:
        if self._device.type != "cuda":
            return torch.tensor(photos, device=self._device)  # a copy: what comes over a handle is read-only
        if self._pinned is None or len(self._pinned) < len(photos):
            self._pinned = torch.empty(photos.shape, dtype=torch.uint8, pin_memory=True)
        part = self._pinned[: len(photos)]
        part.numpy()[...] = photos
        return part.to(self._device, non_blocking=True)


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
