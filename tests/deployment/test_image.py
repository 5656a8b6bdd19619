"""The Dockerfile, and whether what it copies is all that a run needs. No engine builds it here."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deployment import context
from tests.e2e.instance import ROOT

BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
FINAL = DOCKERFILE.rpartition("\nFROM ")[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Runs where the copy lies, so that whatever is missing in it is missed here too.
FROM_THE_COPY = """
import importlib, pathlib, pkgutil, sys
import api, db, deployments, models

here = pathlib.Path.cwd()
for package in (api, db, deployments, models):
    assert here in pathlib.Path(package.__file__).parents, package
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)

from api.routes.pages import PROBLEMS, STATIC
from db.migrate import MIGRATIONS
from deployments.lint import main
from models import checkpoint, clip
from deployments.settings import MINI

assert PROBLEMS.is_file() and (STATIC / "index.html").is_file()
assert list(MIGRATIONS.glob("*.sql"))
embeddings, _ = clip.text_tower(checkpoint.find(str(MINI)), device="cpu").embed_prompts(["red dress"])
assert len(embeddings) == 1
sys.exit(main([str(each) for each in here.glob("serve_config*.yaml")]))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image")
    context.copy(folder)
    return folder


def test_the_linter_finds_nothing() -> None:
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_what_is_copied_is_all_that_a_run_needs(copied: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FROM_THE_COPY],
        cwd=copied,
        env={"PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_of_the_packages_is_copied_and_nothing_else() -> None:
    copied = context.files()
    folders = ("api/", "db/", "deployments/", "models/")
    tracked = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    code = {name for name in tracked.splitlines() if not name.startswith("models/training/")}
    beside = {name for name in copied if not name.startswith(folders)}

    assert code <= set(copied)
    assert {name for name in beside if not name.startswith("serve_config")} == {
        "LICENSE",
        "README.md",
        "constraints.txt",
        "docs/problems.md",
        "pyproject.toml",
    }


def test_what_must_never_be_in_an_image_is_left_out() -> None:
    for name in (".env", "secrets/postgres_dsn", ".git/config", ".venv/bin/python", ".fitmatch/operator_token"):
        assert context.leaves_out(name), name


def test_the_commands_that_compose_runs_are_installed() -> None:
    assert PROJECT["project"]["scripts"]["fitmatch"] == "deployments.cli:main"
    assert 'ENTRYPOINT ["fitmatch"]' in FINAL
    assert "--editable ." in DOCKERFILE


def test_versions_come_from_the_tested_ones_and_nothing_is_compiled() -> None:
    """Every `pip install` of others' code; and torch is named so that the build finds it."""
    installs = re.findall(r"pip install ([^&]*?)(?: \\\n|\n| &&)", DOCKERFILE)
    constraints = (ROOT / "constraints.txt").read_text()

    assert len(installs) == 3
    assert all("--only-binary :all:" in each for each in installs if "--editable" not in each)
    assert "PIP_CONSTRAINT=/opt/fitmatch/constraints.txt" in DOCKERFILE
    assert re.findall(r"^torch==[0-9.]*$", constraints, re.MULTILINE)
    assert not re.search(r"gcc|build-essential|g\+\+", DOCKERFILE)


def test_it_runs_as_a_user_without_rights_on_an_exact_base() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", FINAL, re.MULTILINE)

    assert user is not None
    assert int(user[1]) >= 10001
    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert "HEALTHCHECK" in FINAL
    assert "STOPSIGNAL SIGTERM" in FINAL


def test_the_tag_that_compose_builds_is_this_version() -> None:
    version = PROJECT["project"]["version"]

    assert f"${{APP_IMAGE:-fitmatch:{version}}}" in (ROOT / "docker-compose.yml").read_text()
    assert f"${{APP_IMAGE:-fitmatch:{version}-cuda}}" in (ROOT / "docker-compose.gpu.yml").read_text()
