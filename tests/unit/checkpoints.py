"""CLIP checkpoints with random weights, saved as transformers saves them, and the real photos they are tried on."""

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPProcessor, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from models.types import Embeddings

ROOT = Path(__file__).parent.parent.parent
MINI = ROOT / "models" / "checkpoints" / "mini"
PROMPTS = ["red dress", "black leather shoes", "a striped shirt with long sleeves, for the office", "jeans"]

SMALL = {
    "text": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4},
    "vision": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "patch_size": 16,
        "image_size": 96,
    },
}
"""The defaults of transformers' CLIPConfig are ViT-B/32 with 12 text layers of 512: fashion-clip's shape."""


def sample_photos(count: int = 24) -> list[bytes]:
    """Spread over the kinds of garments that the catalogue is sorted by."""
    files = sorted((ROOT / "samples" / "photos").glob("*.jpg"))
    return [file.read_bytes() for file in files[:: len(files) // count][:count]]


def save_clip(
    folder: Path,
    *,
    text: dict[str, object] | None = None,
    vision: dict[str, object] | None = None,
    projection_dim: int = 512,
    dtype: torch.dtype = torch.float32,
) -> Path:
    """mini's vocabulary, since CLIP's own is not at hand without a network."""
    torch.manual_seed(5)
    tokenizer = CLIPTokenizer.from_pretrained(MINI)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    words = {"vocab_size": len(tokenizer), **ends, **(text or {})}
    config = CLIPConfig(text_config=words, vision_config=vision or {}, projection_dim=projection_dim)
    model = CLIPModel(config).to(dtype)
    model.save_pretrained(folder)
    side = config.vision_config.image_size
    photos = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    CLIPProcessor(photos, tokenizer).save_pretrained(folder)
    return folder


def own_pixels(photos: list[bytes], side: int) -> NDArray[np.float32]:
    """transformers' preprocessing, whole: normalised float32[N, 3, S, S]."""
    processor = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    return np.stack([processor(Image.open(BytesIO(data)))["pixel_values"][0] for data in photos]).astype(np.float32)


@torch.inference_mode()
def own_embeddings(folder: Path, photos: list[bytes]) -> tuple[Embeddings, Embeddings]:
    """Of the photos and of PROMPTS, by transformers' own processor and whole model in float32."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    pixels = torch.from_numpy(own_pixels(photos, model.config.vision_config.image_size))
    words = tokenizer(PROMPTS, padding=True, return_tensors="pt")
    found = model(**words, pixel_values=pixels)
    return found.image_embeds.numpy(), found.text_embeds.numpy()


def cosines(some: Embeddings, others: Embeddings) -> NDArray[np.float32]:
    """Row by row; both at unit length."""
    return (some * others).sum(axis=-1)


def apart(some: Embeddings) -> float:
    """How alike the two most different rows are: where that is 0.999 as well, parity would prove nothing."""
    return float((some @ some.T).min())
