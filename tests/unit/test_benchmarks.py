"""What of the benchmarks could be wrong without anybody noticing: the report's upkeep and the arithmetic."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from tests.benchmarks import insight, load, report, serving_aims, words
from tests.benchmarks.__main__ import SECTIONS, names
from tests.benchmarks.bare import Bare
from tests.benchmarks.clients import MARK, REPEATED, Answers, Load, generate
from tests.benchmarks.found import Level, Photos, Round, Weights, median
from tests.benchmarks.insight import median_of_buckets

NAMES = ("FitMatch", "plain FastAPI", "infinity-emb")
ORDER = ["model", "prompts", "photos"]
REPORT = """# Benchmarks
Ratios hold.

<!-- bench: photos -->
## Photos
8 photos/s
<!-- /bench: photos -->

## Measured by tests
The start page is 76 kB.
"""


def test_a_rerun_of_one_section_leaves_all_others_as_they_are() -> None:
    both = report.merge(REPORT, {"prompts": "## Prompts\n12"}, ORDER)

    again = report.merge(both, {"photos": "## Photos\n9 photos/s"}, ORDER)

    assert again == both.replace("8 photos", "9 photos")
    assert "## Prompts\n12\n<!-- /bench: prompts -->" in again
    assert again.endswith("## Measured by tests\nThe start page is 76 kB.\n")


def test_sections_stand_in_the_reports_order_whichever_was_measured_first() -> None:
    text = report.merge(REPORT, {"prompts": "## Prompts"}, ORDER)
    text = report.merge(text, {"model": "## Model"}, ORDER)

    titles = [line for line in text.splitlines() if line.startswith("## ")]

    assert titles == ["## Model", "## Prompts", "## Photos", "## Measured by tests"]


def test_a_first_run_makes_the_report() -> None:
    text = report.merge("# Benchmarks\n", {"photos": "## Photos\nnew\n", "model": "## Model"}, ORDER)

    assert text.index("# Benchmarks") < text.index("## Model") < text.index("## Photos\nnew\n")


def test_only_sections_that_exist_can_be_named() -> None:
    assert names(", ".join(SECTIONS)) == list(SECTIONS)
    with pytest.raises(argparse.ArgumentTypeError, match="no section clouds"):
        names("clouds")


def test_new_prompts_are_new_and_as_long_as_shoppers_make_them() -> None:
    prompts = [words.prompt(number) for number in range(100_000)]

    assert len(set(prompts)) == len(prompts)
    assert {len(prompt.split()) for prompt in prompts} == set(range(3, 8))
    with pytest.raises(ValueError, match="there are"):
        words.prompt(words.COUNT)


def test_percentiles_are_of_all_latencies() -> None:
    answers = Answers([float(each) for each in range(101)], 10.0, 120, [], {})

    assert [answers.percentile_ms(percent) for percent in (50, 95, 99)] == [50, 95, 99]
    assert answers.per_s == 10.1


def test_a_median_of_buckets_lies_inside_its_bucket() -> None:
    assert median_of_buckets([(1, 0), (2, 10), (4, 20), (float("inf"), 20)]) == 2
    assert median_of_buckets([(1, 0), (2, 0), (4, 10), (float("inf"), 10)]) == 3
    assert median_of_buckets([(1, 0), (2, 0), (float("inf"), 10)]) == 2
    assert median_of_buckets([(1, 0), (float("inf"), 0)]) == 0


def _level(per_s: float) -> Level:
    return Level(clients=8, repeated=False, per_s=per_s, p50_ms=1.0, p95_ms=2.0, p99_ms=3.0, cpu_ms=4.0)


def test_rounds_become_the_median_of_each_measure_on_its_own() -> None:
    rounds = [
        Round(
            "one",
            start_s,
            {"Chroma": memory},
            Photos(per_s, 1.0),
            [_level(per_s)],
            None,
            [],
        )
        for start_s, memory, per_s in [(3.0, 10.0, 7.0), (1.0, 30.0, 8.0), (2.0, 20.0, 9.0)]
    ]

    both = median(rounds)

    assert both == Round("one", 2.0, {"Chroma": 20.0}, Photos(8.0, 1.0), [_level(8.0)], None, [])


def _round(name: str, *, new: float, repeated: float, p50: float, p95: float) -> Round:
    """At 1, 8 and 32 clients alike; photos and prompts during an import are the same in each."""
    level = Level(clients=1, repeated=False, per_s=new, p50_ms=p50, p95_ms=p95, p99_ms=0.0, cpu_ms=0.0)
    levels = [replace(level, clients=clients) for clients in (1, 8, 32)]
    levels += [replace(each, repeated=True, per_s=repeated) for each in levels]
    return Round(name, 1.0, {}, Photos(20.0, 1.0), levels, replace(level, clients=8, p95_ms=60.0), [])


def test_aims_say_how_far_we_are_and_whether_that_is_enough() -> None:
    ours = _round("FitMatch", new=60.0, repeated=99.0, p50=30.0, p95=30.0)
    plain = _round("plain FastAPI", new=20.0, repeated=20.0, p50=19.0, p95=50.0)
    bare = Bare(photos_per_s=25.0, photos_batch=8, prompts_per_s=200.0, prompts_batch=16)
    of = Weights("ViT-B/32", None, bare, {each.server: each for each in (ours, plain)})

    found = {aim.what: (round(aim.found, 2), aim.reached) for aim in serving_aims.aims(of, *NAMES)}

    assert found == {
        "the bare text tower, new prompts, 32 clients": (0.3, False),
        "plain FastAPI, new prompts, 32 clients": (3.0, True),
        "plain FastAPI, repeated prompts, 32 clients": (4.95, False),
        "plain FastAPI, p50 of a new prompt, 1 client": (1.58, False),
        "the bare image tower, photos": (0.8, False),
        "itself without an import, p95 of new prompts": (2.0, True),
    }
    table = serving_aims.text(of, *NAMES).replace(" \N{MULTIPLICATION SIGN}", "")
    assert "| plain FastAPI, new prompts, 32 clients | at least 3 | 3.00 | yes |" in table


class _Asked(BaseHTTPRequestHandler):
    """Notes what it is asked and refuses prompts about silk; tells its metrics."""

    protocol_version = "HTTP/1.1"
    bodies: ClassVar[list[str]] = []
    metrics = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.bodies.append(body)
        self.send_response(503 if "silk" in body else 200)
        self.send_header("content-length", "0")
        self.send_header("Server-Timing", "embed;dur=8.5, search;dur=4.0")
        self.end_headers()

    def do_GET(self) -> None:
        body = self.metrics.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def asked() -> Iterator[ThreadingHTTPServer]:
    _Asked.bodies.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Asked)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _load(server: ThreadingHTTPServer, first: int, *, repeated: bool = False) -> Load:
    return Load(f"http://127.0.0.1:{server.server_port}", {"prompt": MARK}, 2, 0.0, 0.05, first, repeated=repeated)


async def test_clients_ask_new_prompts_once_and_repeated_ones_again(asked: ThreadingHTTPServer) -> None:
    new = await generate(_load(asked, 1))
    assert len(_Asked.bodies) == len(set(_Asked.bodies)) == new.asked
    assert {*new.timings_ms["embed"]} == {8.5}

    _Asked.bodies.clear()
    await generate(_load(asked, 1, repeated=True))
    assert len(set(_Asked.bodies)) == REPEATED < len(_Asked.bodies)


async def test_repeated_prompts_have_all_been_asked_before_they_are_measured(asked: ThreadingHTTPServer) -> None:
    at_once = replace(_load(asked, 1, repeated=True), seconds=0.0)

    answers = await generate(at_once)

    assert len(set(_Asked.bodies)) == REPEATED
    assert not answers.latencies_ms


def test_metrics_of_what_was_before_do_not_count(asked: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insight, "EXPORT_S", 0.0)
    _Asked.metrics = _exposition(prompts=100, batches=100, slow=100, fast=0)
    inside = insight.Insight(f"http://127.0.0.1:{asked.server_port}")

    _Asked.metrics = _exposition(prompts=120, batches=105, slow=100, fast=20)
    found = inside.after(20)

    assert found.batch == 4.0
    assert found.chroma_ms == pytest.approx(5.0)
    assert found.postgres_ms == pytest.approx(5.0 + 55.0)  # what fits, and the products


def _exposition(*, prompts: int, batches: int, slow: int, fast: int) -> str:
    """As Ray's agent writes it; `fast` took up to 10 ms and `slow` more."""
    return f"""# TYPE ray_fitmatch_prompts_total counter
ray_fitmatch_prompts_total{{replica="a"}} {prompts}
# TYPE ray_fitmatch_batch_photos histogram
ray_fitmatch_batch_photos_bucket{{tower="text",le="+Inf"}} {batches}
ray_fitmatch_batch_photos_count{{tower="text"}} {batches}
ray_fitmatch_batch_photos_count{{tower="image"}} 7{prompts}
# TYPE ray_fitmatch_chroma_seconds histogram
ray_fitmatch_chroma_seconds_bucket{{what="search",le="0.01"}} {fast}
ray_fitmatch_chroma_seconds_bucket{{what="search",le="1.0"}} {fast + slow}
ray_fitmatch_chroma_seconds_bucket{{what="search",le="+Inf"}} {fast + slow}
ray_fitmatch_chroma_seconds_bucket{{what="add",le="+Inf"}} 9{slow}
# TYPE ray_fitmatch_postgres_seconds histogram
ray_fitmatch_postgres_seconds_bucket{{what="fitting",le="0.01"}} {fast}
ray_fitmatch_postgres_seconds_bucket{{what="fitting",le="0.1"}} {fast}
ray_fitmatch_postgres_seconds_bucket{{what="fitting",le="+Inf"}} {fast}
ray_fitmatch_postgres_seconds_bucket{{what="products",le="0.01"}} 0
ray_fitmatch_postgres_seconds_bucket{{what="products",le="0.1"}} {fast}
ray_fitmatch_postgres_seconds_bucket{{what="products",le="+Inf"}} {fast}
"""


def test_a_load_with_a_refused_request_ends_the_benchmark(asked: ThreadingHTTPServer) -> None:
    silk = next(number for number in range(1000) if "silk" in words.prompt(number))

    with pytest.raises(SystemExit, match="failed"):
        load.run(_load(asked, silk))
