"""Which CLIP weights: a folder or a hub id at a revision. Knows no inference runtime."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

_HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+?)(?:@(?P<revision>.*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# Named one by one: pickled weights (.bin, .pt) and code are never downloaded.
_FILES: tuple[str, ...] = (
    "config.json",
    "image.onnx",
    "manifest.json",
    "merges.txt",
    "model.safetensors",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "text.onnx",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
)
_NEEDED = {
    "onnx": ("image.onnx", "text.onnx", "tokenizer.json", "preprocessor_config.json"),
    "transformers": ("config.json", "model.safetensors"),
}
_BICUBIC = 3  # as Pillow numbers its filters
# CLIP's own, for configurations that leave them out.
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)


class BadCheckpoint(Exception):
    """The folder or the hub id cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Checkpoint:
    name: str
    """`mini`, `patrickjohncyh/fashion-clip`: what answers and embeddings carry, with the revision."""
    revision: str
    """The hub's commit, or for a folder the first 12 hex digits of the SHA-256 over its files' hashes."""
    folder: Path
    kind: Literal["transformers", "onnx"]
    side: int
    """Pixels per side that the image tower takes."""

    @property
    def id(self) -> str:
        """`name@revision`: what embeddings and collections are kept under."""
        return f"{self.name}@{self.revision}"


@dataclass(frozen=True)
class Preprocessing:
    """What a photo goes through before the image tower, beyond what `models.photo.prepare` always does."""

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """Of the three channels, scaled to 0…1."""


def find(text: str) -> Checkpoint:
    """A folder as it is, or `owner/name@revision` from the hub's cache or the hub (safetensors only, no remote code).

    Checks `manifest.json`'s SHA-256 sums where there is one. Raises BadCheckpoint.
    """
    folder = Path(text).expanduser()
    if folder.is_dir():
        return _in_folder(folder)
    hub_id = _HUB_ID.fullmatch(text)
    if hub_id is None:
        raise BadCheckpoint(f"There is no checkpoint folder {text}. Name a folder or a hub id as owner/name@revision.")
    name, revision = hub_id["name"], hub_id["revision"]
    if not _COMMIT.fullmatch(revision or ""):
        raise BadCheckpoint(
            f"{text} is neither a folder nor a hub id with its revision. Write {name}@ and the 40 hex digits of the "
            "commit (the hub's “Files” page shows it): a branch may change its weights under kept embeddings."
        )
    return _from_hub(name, revision)


def preprocessing(folder: Path) -> Preprocessing:
    """Refuses what `models.photo.prepare` does not do: its short side becomes S, then the centre S by S is kept."""
    config = _preprocessor_config(folder)
    crop, short = _length(config.get("crop_size"), "height"), _length(config.get("size"), "shortest_edge")
    if crop is None or crop != short or config.get("resample", _BICUBIC) != _BICUBIC:
        raise BadCheckpoint(
            f"The checkpoint {folder} does not ask for CLIP's preprocessing: a bicubic short side (size.shortest_edge) "
            "and a centre crop (crop_size) of the same length. Only such checkpoints can be used."
        )
    mean, std = _channels(config.get("image_mean"), _MEAN), _channels(config.get("image_std"), _STD)
    return Preprocessing(crop, mean, std)


def _in_folder(folder: Path) -> Checkpoint:
    kind = _kind(folder)
    name, sums = _manifest(folder, kind) or (folder.resolve().name, _sums(folder))
    listing = "".join(f"{file} {digest}\n" for file, digest in sorted(sums.items()))
    revision = hashlib.sha256(listing.encode()).hexdigest()[:12]
    return Checkpoint(name, revision, folder, kind, preprocessing(folder).side)


def _from_hub(name: str, revision: str) -> Checkpoint:
    folder = _download(name, revision)
    kind = _kind(folder)
    _manifest(folder, kind)
    return Checkpoint(name, revision, folder, kind, preprocessing(folder).side)


def _download(name: str, revision: str) -> Path:
    """The cache answers without a network when the commit is complete in it."""
    import httpx2  # what huggingface_hub speaks HTTP with; it lets these errors through
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    patterns = list(_FILES)
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns, local_files_only=True))
    except LocalEntryNotFoundError:
        pass  # not yet here, or a download was interrupted
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise BadCheckpoint(
            f"{name}@{revision} is not in the hub's cache and could not be downloaded ({type(error).__name__}). "
            "Check the id and the network, or name a folder that holds the checkpoint."
        ) from error


def _kind(folder: Path) -> Literal["transformers", "onnx"]:
    kind = "onnx" if (folder / "image.onnx").is_file() else "transformers"
    missing = [file for file in _NEEDED[kind] if not (folder / file).is_file()]
    if not missing:
        return _of_clip(kind, folder)
    hint = ""
    if "model.safetensors" in missing and any(folder.glob("*.bin")):
        hint = " Its weights are pickled; convert them to safetensors."
    raise BadCheckpoint(f"The checkpoint {folder} lacks {', '.join(missing)}.{hint}")


def _of_clip(kind: Literal["transformers", "onnx"], folder: Path) -> Literal["transformers", "onnx"]:
    """A transformers folder may hold any model; loading another one as CLIP would leave its weights random."""
    found = _json(folder / "config.json").get("model_type") if kind == "transformers" else "clip"
    if found != "clip":
        raise BadCheckpoint(f"The checkpoint {folder} is a {found} model; only CLIP models can be used.")
    return kind


def _manifest(folder: Path, kind: str) -> tuple[str, dict[str, str]] | None:
    """The name and the SHA-256 sums, checked against the files; None where the folder has no manifest."""
    file = folder / "manifest.json"
    if not file.is_file():
        return None
    stated = _json(file)
    name, sums = stated.get("name"), stated.get("files")
    if not isinstance(name, str) or not isinstance(sums, dict):
        raise BadCheckpoint(f'{file} must be {{"name": …, "files": {{file: sha256}}}}.')
    sums = cast(dict[str, str], sums)
    found = _sums(folder)
    unlisted = [needed for needed in _NEEDED[kind] if needed not in sums]
    changed = sorted(unlisted + [one for one, digest in sums.items() if found.get(one) != digest])
    if changed:
        raise BadCheckpoint(f"{', '.join(changed)} in {folder} differ from manifest.json. Fetch the checkpoint again.")
    return name, sums


def _sums(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in _FILES:
        if file != "manifest.json" and (folder / file).is_file():
            with (folder / file).open("rb") as stream:
                found[file] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def _preprocessor_config(folder: Path) -> dict[str, object]:
    """Where transformers writes it: up to version 4 in a file of its own, since then inside the processor's."""
    file = folder / "preprocessor_config.json"
    if file.is_file():
        return _json(file)
    file = folder / "processor_config.json"
    found = _json(file).get("image_processor") if file.is_file() else None
    if not isinstance(found, dict):
        raise BadCheckpoint(f"The checkpoint {folder} lacks preprocessor_config.json.")
    return cast(dict[str, object], found)


def _channels(stated: object, default: tuple[float, ...]) -> tuple[float, ...]:
    found = tuple(cast(list[float], stated)) if isinstance(stated, list) else ()
    return found if len(found) == len(default) else default


def _length(stated: object, key: str) -> int | None:
    """Older files hold the bare number."""
    found = cast(dict[str, object], stated).get(key) if isinstance(stated, dict) else stated
    return found if isinstance(found, int) and found > 0 else None


def _json(file: Path) -> dict[str, object]:
    try:
        stated: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadCheckpoint(f"{file} cannot be read as JSON.") from error
    if not isinstance(stated, dict):
        raise BadCheckpoint(f"{file} holds no JSON object.")
    return cast(dict[str, object], stated)
