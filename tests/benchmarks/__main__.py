"""`make bench`: starts a FitMatch of its own, measures, writes docs/benchmarks.md."""

import argparse
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from deployments.settings import MINI
from models.checkpoint import find
from tests.benchmarks import uploads
from tests.e2e import instance

REPORT = Path("docs/benchmarks.md")
ELSEWHERE = "## Measured by tests"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--out", type=Path, default=REPORT)
    arguments = parser.parse_args()
    checkpoint = find(str(MINI))
    with tempfile.TemporaryDirectory(prefix="fitmatch-bench-") as folder:
        Path(folder).chmod(0o711)  # Postgres may run as another user
        running = instance.start(Path(folder) / "data")
        try:
            found = uploads.measure(running, checkpoint, count=arguments.photos, clients=arguments.clients)
        finally:
            running.stop()
    report = write(found, checkpoint.id) + measured_elsewhere(arguments.out)
    arguments.out.write_text(report)
    print(report)


def measured_elsewhere(report: Path) -> str:
    """What the report says of other measurements, which this command does not repeat."""
    before = report.read_text() if report.exists() else ""
    return "\n" + before[before.index(ELSEWHERE) :] if ELSEWHERE in before else ""


def write(found: uploads.Uploads, checkpoint: str) -> str:
    """Ratios first: absolutes are this machine's."""
    return f"""# Benchmarks

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {platform.machine()}, no GPU, Python
{platform.python_version()}, checkpoint `{checkpoint}`. Ratios inside one run hold; absolutes belong to the machine
and to what else it was doing. No GPU figure is claimed.

## Uploading over HTTP
{found.photos} distinct photos (short side about 256 px) by {found.clients} parallel clients, one product each, real
Postgres, Chroma and Ray Serve from `make run`'s configuration. All became `ready`. The bare rates are medians of one
process on the same machine that does nothing else, before and after: it shares the cores with nobody, the system's
model shares them with clients, Gateway, decoders, Postgres and Chroma.

| | |
|---|---|
| photos/s from the first POST to the last ready | {found.ready_per_s:.1f} |
| photos/s acknowledged | {found.photos / found.acknowledged_s:.1f} |
| POST p50 / p95 | {found.post_p50_ms:.0f} / {found.post_p95_ms:.0f} ms |
| bare image tower, batches of {uploads.BATCH} | {found.bare_model_per_s:.1f} photos/s |
| bare preparation, one process | {found.bare_prepare_per_s:.1f} photos/s |
| **share of the time that the bare model would have taken** | {found.model_share:.0%} |
| Chroma's ids and Postgres' ready photos | {"agree" if found.agree else "DIFFER"} |
"""


if __name__ == "__main__":
    main()
