"""docs/evaluation.md: the figures, what made them and what they mean."""

from datetime import UTC, datetime
from pathlib import Path

from models.training.evaluate import Precision

REPORT = """# Recommendation quality

Written by `make eval`. It uploads the {photos} validation photos (`tests/eval/photos`, unknown to the
training) to a new shop of a running FitMatch, waits until all are ready, asks for recommendations as a
shopper would, and deletes the shop.

| measure | value | target |
|---|---|---|
| P@10, 10 category prompts | {category_at_10:.3f} | 0.97 |
| P@5, {combinations} colour + garment prompts, neighbours count half | {combination_at_5_with_neighbours:.3f} | 0.83 |
| P@5, the same prompts, exact colour only | {combination_at_5:.3f} | |

Checkpoint `{checkpoint}`, measured on {date}.

## Definitions
- **P@k**: of the first k recommendations, the share that is relevant; the mean over the prompts.
- **Category prompts**: the ten categories by name, with "long sleeve top" for `longsleeve` and "jacket" for
  `outwear`. Relevant: a photo of that category, as the data set says.
- **Colour + garment prompts**: "red dress", "black pants", … for every pair of colour and category that at
  least five validation photos show. Relevant: that category and that main colour.
- **Neighbour colours** are navy and black, navy and blue, beige and white, grey and blue, red and pink: pairs
  that two people name differently for the same photo. A neighbour of the right category counts a half.
- Labels: `models/training/labels.csv`, rows `validation`. The functions are those of
  `models/training/evaluate.py`, which also chose the epoch of the checkpoint, so its figures are slightly
  optimistic.
"""


def write_report(path: Path, figures: Precision, checkpoint: str, *, photos: int) -> None:
    date = datetime.now(UTC).date().isoformat()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(REPORT.format(checkpoint=checkpoint, date=date, photos=photos, **vars(figures)), encoding="utf-8")
