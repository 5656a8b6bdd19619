"""The layout that `make prod-check` shares with the e2e tests, and folders for a `fitmatch serve` of one's own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.production import layout
from tests.production.layout import Production


@pytest.fixture
def own(production: Production) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder and the environment of a second `fitmatch serve` on the stores of the first."""
    folder = Path(tempfile.mkdtemp(prefix="fm-own-"))
    folder.chmod(0o711)
    stores = {
        "FITMATCH_POSTGRES_DSN": production.running.postgres_dsn,
        "FITMATCH_CHROMA_URL": production.running.chroma_url,
    }
    environment = stores | layout.settings(folder)
    yield folder, environment
    for each in (str(folder), environment["FITMATCH_RAY_TEMP_DIR"]):
        shutil.rmtree(each, ignore_errors=True)
