"""Baseline: infinity-emb serves the same folder, in a virtual environment of its own. It only embeds prompts."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter

from deployments.local import ports
from models.checkpoint import Checkpoint
from tests.benchmarks import instances, servers
from tests.benchmarks.clients import MARK
from tests.benchmarks.servers import Server

PACKAGES = ["infinity-emb[server,torch]==0.0.78", "transformers==4.57.6", "pillow"]
TORCH = "torch==2.13.0"
"""Our own torch, so that both compute alike. Without TORCH_INDEX a GPU-less Linux would get PyPI's CUDA build."""
INSTALL_S_MAX = 900
FOLDER = instances.SCRATCH / "infinity"
PROGRAM = FOLDER / "bin" / "infinity_emb"


class NotInstalled(Exception):
    """Says why; the benchmark goes on without this baseline."""


def install() -> None:
    """Once; the folder is kept between runs. Raises NotInstalled."""
    if PROGRAM.exists():
        return
    print(f"installing infinity-emb into {FOLDER} (1.4 GB)", file=sys.stderr, flush=True)
    index = os.environ.get("TORCH_INDEX")
    pip = [FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [
        [sys.executable, "-m", "venv", "--clear", FOLDER],
        [*pip, *(["--index-url", index] if index else []), TORCH],
        [*pip, TORCH, *PACKAGES],
    ]
    try:
        for step in steps:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=INSTALL_S_MAX)
    except subprocess.CalledProcessError as error:
        raise NotInstalled((error.stderr or "pip failed").strip().splitlines()[-1]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from error


@contextmanager
def infinity(checkpoint: Checkpoint) -> Generator[Server]:
    (port,) = ports.choose()
    url = f"http://127.0.0.1:{port}"
    command = [str(PROGRAM), "v2", "--model-id", str(checkpoint.folder), "--served-model-name", "clip"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-model-warmup", "--engine", "torch"]
    command += ["--device", "cpu", "--dtype", "float32"]
    settings = {"INFINITY_ANONYMOUS_USAGE_STATS": "0"}
    with instances.scratch() as folder:
        start = perf_counter()
        with servers.program(command, folder / "server.log", ready_url=f"{url}/health", **settings) as process:
            yield Server(
                name="infinity-emb",
                url=f"{url}/embeddings",
                body={"model": "clip", "input": [MARK], "encoding_format": "base64"},
                start_s=perf_counter() - start,
                pids=lambda: servers.with_children({process.pid}),
            )
