"""The weights that every server of a run is given."""

import json

from deployments.settings import MINI
from models.checkpoint import Checkpoint, find
from tests.benchmarks.instances import SCRATCH
from tests.unit.checkpoints import save_clip


def vit_b_32() -> Checkpoint:
    """A CLIPModel of fashion-clip's shape with random weights, which are as fast as trained ones.

    Kept between runs. `preprocessor_config.json` is what other servers look for.
    """
    folder = SCRATCH / "vit-b-32"
    if not (folder / "preprocessor_config.json").exists():
        save_clip(folder)
        processor = json.loads((folder / "processor_config.json").read_text())["image_processor"]
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return find(str(folder))


def mini() -> Checkpoint:
    return find(str(MINI))
