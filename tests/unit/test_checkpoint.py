"""Which weights are taken, under which name, and which are refused."""

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest

from models.checkpoint import BadCheckpoint, find, preprocessing
from tests.unit.checkpoints import MINI, SMALL, save_clip

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB_ID = f"someone/some-clip@{COMMIT}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(MINI, tmp_path / "mini")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("small"), **SMALL, projection_dim=48)


def rewrite(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_the_embedded_checkpoint_is_found_under_a_name_that_its_files_decide(copy: Path) -> None:
    here, there = find(str(MINI)), find(str(copy))

    assert (here.name, here.kind, here.folder) == ("mini", "onnx", MINI)
    assert len(here.revision) == 12
    assert here.id == f"mini@{here.revision}" == there.id
    assert here.side == json.loads((MINI / "preprocessor_config.json").read_text())["crop_size"]["height"]


def test_a_transformers_folder_is_named_by_its_folder_and_its_weights(saved: Path, tmp_path: Path) -> None:
    found = find(str(saved))
    other = shutil.copytree(saved, tmp_path / saved.name)
    rewrite(other / "config.json", logit_scale_init_value=1.0)

    assert (found.name, found.kind, found.side) == (saved.name, "transformers", 96)
    assert find(str(other)).revision != found.revision


@pytest.mark.parametrize("file", ["image.onnx", "text.onnx", "tokenizer.json", "preprocessor_config.json"])
def test_a_file_that_differs_from_the_manifest_is_refused(copy: Path, file: str) -> None:
    (copy / file).write_bytes((copy / file).read_bytes() + b" ")

    with pytest.raises(BadCheckpoint, match=rf"{file} in .* differ from manifest\.json"):
        find(str(copy))


def test_a_file_that_the_manifest_leaves_out_is_refused(copy: Path) -> None:
    sums = json.loads((copy / "manifest.json").read_text())["files"]
    rewrite(copy / "manifest.json", files={file: digest for file, digest in sums.items() if file != "text.onnx"})

    with pytest.raises(BadCheckpoint, match=r"text\.onnx"):
        find(str(copy))


@pytest.mark.parametrize("file", ["text.onnx", "tokenizer.json", "preprocessor_config.json"])
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()

    with pytest.raises(BadCheckpoint, match=rf"lacks {file}"):
        find(str(copy))


def test_pickled_weights_are_refused_with_the_way_out(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(BadCheckpoint, match=r"lacks model\.safetensors.*convert them to safetensors"):
        find(str(folder))


def test_another_model_than_clip_is_refused(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "other")
    rewrite(folder / "config.json", model_type="siglip")

    with pytest.raises(BadCheckpoint, match="siglip model; only CLIP"):
        find(str(folder))


@pytest.mark.parametrize(
    "change",
    [{"size": {"height": 96, "width": 96}}, {"crop_size": {"height": 64, "width": 64}}, {"resample": 2}],
    ids=str,
)
def test_another_preprocessing_than_clips_is_refused(copy: Path, change: dict[str, object]) -> None:
    (copy / "manifest.json").unlink()
    rewrite(copy / "preprocessor_config.json", **change)

    with pytest.raises(BadCheckpoint, match="CLIP's preprocessing"):
        find(str(copy))


def test_the_older_way_to_write_the_side_is_read(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    rewrite(copy / "preprocessor_config.json", size=160, crop_size=160, image_mean=[0.5, 0.5, 0.5])

    found = preprocessing(copy)

    assert (find(str(copy)).side, found.mean, len(found.std)) == (160, (0.5, 0.5, 0.5), 3)


@pytest.mark.parametrize("content", ["", "[]", "{", '"text"'])
def test_a_broken_configuration_is_refused(copy: Path, content: str) -> None:
    (copy / "manifest.json").write_text(content)

    with pytest.raises(BadCheckpoint, match=r"manifest\.json"):
        find(str(copy))


@pytest.mark.parametrize("text", ["someone/some-clip", "someone/some-clip@main", "someone/some-clip@v1.0"])
def test_a_hub_id_without_a_commit_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint, match="40 hex digits"):
        find(text)


@pytest.mark.parametrize("text", ["/nowhere/at/all", "./nothing", "mini", ""])
def test_a_folder_that_is_not_there_is_named(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        find(text)


class Hub:
    """A hub of one repository on this machine, which remembers what was asked of it."""

    def __init__(self, folder: Path) -> None:
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
        asked = self.asked = list[str]()

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                path = self.path.split("?")[0]
                name = path.rsplit("/", 1)[-1]
                if f"/tree/{COMMIT}" in path:
                    self.answer(json.dumps([entry(name, data) for name, data in files.items()]).encode(), "tree")
                elif f"/resolve/{COMMIT}/" in path and name in files:
                    asked.append(name)
                    self.answer(files[name], hashlib.sha1(files[name]).hexdigest())  # noqa: S324
                else:
                    self.send_error(404)

            def answer(self, body: bytes, etag: str) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "application/json")
                self.send_header("ETag", f'"{etag}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def entry(name: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}  # noqa: S324


@pytest.fixture
def hub(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    stored = shutil.copytree(saved, tmp_path / "stored")
    (stored / "pytorch_model.bin").write_bytes(b"pickled")
    (stored / "modeling_own.py").write_text("raise SystemExit")
    hub = Hub(stored)
    template = huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE
    template = template.replace(huggingface_hub.constants.ENDPOINT, hub.address)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def test_a_checkpoint_comes_from_the_hub_without_pickles_and_code(hub: Hub) -> None:
    found = find(HUB_ID)

    assert (found.name, found.revision, found.kind, found.side) == ("someone/some-clip", COMMIT, "transformers", 96)
    assert found.id == HUB_ID
    assert "model.safetensors" in hub.asked
    assert {"pytorch_model.bin", "modeling_own.py"}.isdisjoint(hub.asked)


def test_a_fetched_checkpoint_needs_no_hub_any_more(hub: Hub) -> None:
    first = find(HUB_ID)
    hub.server.shutdown()
    hub.server.server_close()

    assert find(HUB_ID) == first


def test_an_interrupted_download_is_completed(hub: Hub) -> None:
    (find(HUB_ID).folder / "model.safetensors").unlink()

    assert (find(HUB_ID).folder / "model.safetensors").is_file()


def test_without_network_and_cache_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(BadCheckpoint, match=r"could not be downloaded.*Check the id and the network"):
        find(HUB_ID)


def test_an_id_that_the_hub_does_not_know_is_refused(hub: Hub) -> None:
    with pytest.raises(BadCheckpoint, match="could not be downloaded"):
        find(f"someone/some-clip@{'f' * 40}")
