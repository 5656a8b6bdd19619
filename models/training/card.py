"""The model card of the exported checkpoint, with the figures that its epoch reached."""

from pathlib import Path

from models.training.model import Result

CARD = """# mini: the embedded default checkpoint

A small dual encoder: photos and short English prompts about clothing go into one space of 256 dimensions. It
lets FitMatch run, be tested and be demonstrated without a network or a GPU. **It is a demo and test model**;
for a real shop use a full CLIP such as `patrickjohncyh/fashion-clip` (`FITMATCH_CHECKPOINT`).

| file | holds |
|---|---|
| `image.onnx` | `pixels` uint8[N, 3, 192, 192] → `embedding` float32[N, 256], unit length; normalisation is inside |
| `text.onnx` | `input_ids`, `attention_mask` int64[N, L ≤ 77] → `embedding` float32[N, 256], unit length |
| `tokenizer.json` | CLIP's byte-pair pieces, the first 6,000 merges; adds begin and end of text |
| `preprocessor_config.json` | short side 192 bicubic, centre crop, as a CLIPImageProcessor |
| `manifest.json` | SHA-256 of each file |

Large weights are stored as float16; all is computed in float32.

## Figures
Zero-shot by text on the 341 validation photos, which chose the epoch and were not trained on. Since they
chose it, the figures are slightly optimistic.

| measure | value |
|---|---|
| category accuracy (10 categories) | {category:.3f} |
| colour accuracy, exact (15 colours) | {colour:.3f} |
| colour accuracy, neighbours count half | {colour_with_neighbours:.3f} |
| P@10, category prompts | {category_at_10:.3f} |
| P@5, {combinations} colour + garment prompts, exact colour | {combination_at_5:.3f} |
| P@5, the same, neighbours count half | {combination_at_5_with_neighbours:.3f} |

Neighbours are navy and black, navy and blue, beige and white, grey and blue, red and pink.
`docs/evaluation.md` holds the same precisions measured over HTTP through the running service (`make eval`).

## Data
3,068 training photos of the "clothing dataset (subset)" by Alexey Grigorev and contributors
(<https://github.com/alexeygrigorev/clothing-dataset-small>), dedicated to the public domain under CC0 1.0.
Categories are the data set's; colours, pattern, material, style, age group and noun were labelled for this
repository (`models/training/labels.csv`). Each training step writes new captions from the labels ("navy
striped tee", "a photo of a winter jacket in dark blue"). The tokenizer's merges are the first 6,000 of OpenAI
CLIP's (MIT).

## Training
Photo tower: EfficientNet-Lite0 with ImageNet weights (Apache-2.0), plus a path of learned colour bins
averaged where attention sees the garment, projected to 256. Prompt tower: a CLIP text model of 3 layers of
width 192, from scratch. AdamW, cosine, bf16, photos of 128, then 160 px (embedded at 192), averaged weights.
Losses: captions against photos with partial positives, every attribute value against photos, and short
questions (colour + garment, style + garment, …) with a yes or no for each photo. This is epoch {epoch}. Train
it anew with `make train PHOTOS=folder`, where the folder holds the data set's `train/` and `validation/` with
a short side of 256 px.

## Limits
- Ten categories, mostly everyday clothes, photographed by their owners: flat or on a hanger, rarely
  worn.
- It knows the words of `models/training/captions.py` and little else; other words, brands and languages count
  for nothing.
- Close colours (navy, black, dark blue; beige, white; grey, blue) are often confused, and the light in a
  photo misleads it.
- Words for an occasion or a season ("party", "summer", "warm") are followed only loosely.
- Style and age group are labelled with little certainty (there are 263 children's garments in all) and found
  accordingly.
- No people, no faces and no text in photos were labelled; do not use it to judge anything but garments.
"""


def write_card(result: Result, path: Path) -> None:
    figures = vars(result.accuracy) | vars(result.precision)
    path.write_text(CARD.format(epoch=result.epoch, **figures), encoding="utf-8")
