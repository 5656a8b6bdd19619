"""The section on serving in words and tables; no figure stands in the code."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks import charts, report, serving_aims
from tests.benchmarks.clients import REPEATED
from tests.benchmarks.found import Level, Round, Serving, Split, Weights

OURS = "FitMatch"
PLAIN = "plain FastAPI"
INFINITY = "infinity-emb"
TIMES = "\N{MULTIPLICATION SIGN}"


def section(found: Serving) -> str:
    parts = [_opening(found)]
    for each in found.weights:
        aims = serving_aims.text(each, OURS, PLAIN, INFINITY) if each.reference else ""
        parts += [aims, _photos(each, found), _prompts(each), _time(each), _processes(each)]
    return "\n\n".join(part for part in parts if part)


def draw(found: Serving, folder: Path) -> None:
    large = found.weights[0]
    charts.levels(large.servers, folder / "bench-prompts.svg")
    charts.photos(large, folder / "bench-photos.svg")


def _opening(found: Serving) -> str:
    rounds = "One round" if found.rounds == 1 else f"Medians of {found.rounds} rounds"
    missing = found.infinity_missing
    skipped = f"\n\n{INFINITY} could not be installed here, so its rows are missing: {missing}" if missing else ""
    return f"""## Serving beside what people build themselves
{found.circumstances}

{rounds}; in each, every server is started on an empty folder, measured and stopped, one after the other, with
the same weights on the same cores as the clients, which ask again as soon as they are answered ({found.seconds:.0f} s a
load, after a warm-up). An error of any request ends the run.
- **{OURS}**: `make run`'s configuration, through HAProxy, Ray Serve, Postgres and Chroma.
- **{PLAIN}**: [afternoon_server.py](../tests/benchmarks/afternoon_server.py), what a competent developer has after an
  afternoon: one process with transformers in float32 and a Chroma client, before a real Chroma server.
- **{INFINITY}** 0.0.78: the same folder in float32, embeddings only; it searches nothing and keeps nothing.
- **bare model**: one process that does nothing else, at its best batch size; photos are prepared already.

New prompts are never asked twice in a round; repeated ones are {REPEATED} different ones, asked before.{skipped}"""


def _photos(weights: Weights, found: Serving) -> str:
    ours = weights.servers[OURS]
    rows: list[list[str]] = []
    if weights.reference:
        reference = weights.reference
        rows.append(_bare(f"bare transformers, float32, by {reference.photos_batch}", reference.photos_per_s, ours))
    replicas = weights.replicas
    rows.append(_bare(f"bare model of our replicas, by {replicas.photos_batch}", replicas.photos_per_s, ours))
    for name, server in weights.servers.items():
        if server.photos and ours.photos:
            ratio = "" if name == OURS else f"{ours.photos.per_s / server.photos.per_s:.2f} {TIMES}"
            rows.append([name, f"{server.photos.per_s:.1f}", f"{server.photos.cpu_ms:.0f}", ratio])
    head = ["", "photos/s", "CPU ms per photo", f"{OURS} is"]
    picture = "\n\n![Photos per second, and the bare models](images/bench-photos.svg)" if weights.reference else ""
    return f"""### Photos, {weights.name}
By {found.uploaders} clients, from the first POST until a prompt can find the last photo.

{report.table(head, rows)}{picture}"""


def _bare(name: str, per_s: float, ours: Round) -> list[str]:
    return [name, f"{per_s:.1f}", "", f"{ours.photos.per_s / per_s:.2f} {TIMES}" if ours.photos else ""]


def _prompts(weights: Weights) -> str:
    head = ["", "clients", "prompts/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms per prompt", f"{OURS} is"]
    rows: list[list[str]] = []
    if weights.reference:
        rows.append(_bare_text("bare transformers, float32", weights.reference.prompts_per_s, weights))
    rows.append(_bare_text("bare model of our replicas", weights.replicas.prompts_per_s, weights))
    rows += _levels(weights.servers, repeated=False) + _levels(weights.servers, repeated=True)
    rows += _beside(weights.servers)
    picture = (
        "\n\n![Prompts per second and their p95 by clients](images/bench-prompts.svg)" if weights.reference else ""
    )
    return f"""### Prompts, {weights.name}
The last column is our rate by theirs; of rows during an import, our p95 by our own without one.

{report.table(head, rows)}{picture}"""


def _bare_text(name: str, per_s: float, weights: Weights) -> list[str]:
    ratio = weights.servers[OURS].level(32, repeated=False).per_s / per_s
    return [name, "", f"{per_s:.1f}", "", "", "", "", f"{ratio:.2f} {TIMES} at 32"]


def _levels(servers: Mapping[str, Round], *, repeated: bool) -> list[list[str]]:
    what = "repeated" if repeated else "new"
    rows: list[list[str]] = []
    for name, server in servers.items():
        for level in server.levels:
            if level.repeated == repeated:
                ours = servers[OURS].level(level.clients, repeated=repeated)
                ratio = "" if name == OURS else f"{ours.per_s / level.per_s:.2f} {TIMES}"
                rows.append([f"{name}, {what}", *_figures(level), ratio])
    return rows


def _beside(servers: Mapping[str, Round]) -> list[list[str]]:
    """How much slower prompts are while photos are imported."""
    rows: list[list[str]] = []
    for name, server in servers.items():
        if beside := server.beside_import:
            alone = server.level(beside.clients, repeated=False)
            rows.append(
                [f"{name}, new, during an import", *_figures(beside), f"p95 {beside.p95_ms / alone.p95_ms:.2f} {TIMES}"]
            )
    return rows


def _figures(level: Level) -> list[str]:
    times = [f"{each:.0f}" for each in (level.p50_ms, level.p95_ms, level.p99_ms)]
    return [str(level.clients), f"{level.per_s:.1f}", *times, f"{level.cpu_ms:.1f}"]


def _time(weights: Weights) -> str:
    splits = weights.servers[OURS].splits
    head = ["median of a new prompt, ms", *(f"{each.clients} client{'s' * (each.clients > 1)}" for each in splits)]
    columns = [list(parts(each).values()) for each in splits]
    rows = [[name, *(f"{column[i]:.1f}" for column in columns)] for i, name in enumerate(parts(splits[0]))]
    sizes = " and ".join(f"{each.inside.batch:.1f}" for each in splits)
    return f"""### Where the time goes, {weights.name}
By what answers say of themselves (`Server-Timing`) and by the metrics that operators see; medians need not add up to
the whole. The text model's batches held {sizes} prompts (mean).

{report.table(head, rows)}"""


def parts(split: Split) -> Mapping[str, float]:
    """Milliseconds by name, in the order of the request; the last is the client's whole."""
    inside = split.inside
    return {
        "HTTP, HAProxy, key and limit, JSON": split.client_ms - split.total_ms,
        "hop to Query, waiting for its turn, keeping the prompt": split.total_ms - split.embed_ms - split.search_ms,
        "hop to the text tower, waiting for its batch": split.embed_ms - inside.model_ms,
        "text model, words to embeddings": inside.model_ms,
        "Chroma": inside.chroma_ms,
        "Postgres: what fits, products": inside.postgres_ms,
        "the rest of the search: where the collection is, ranking, waiting, the loop": split.search_ms
        - inside.chroma_ms
        - inside.postgres_ms,
        "**client's p50**": split.client_ms,
    }


def _processes(weights: Weights) -> str:
    rows = [
        [name, f"{server.start_s:.1f}", f"{sum(server.memory.values()) / 1e6:.0f}", _by_part(server.memory)]
        for name, server in weights.servers.items()
    ]
    return f"""### Start and memory, {weights.name}
Until the first ready answer, of a checkpoint that was converted for the CPU before; memory after the loads, pages that
processes share counted once.

{report.table(["", "start s", "memory MB", "of which"], rows)}"""


def _by_part(memory: Mapping[str, float]) -> str:
    parts: Sequence[tuple[str, float]] = sorted(memory.items(), key=lambda each: -each[1])
    return ", ".join(f"{part} {size / 1e6:.0f}" for part, size in parts) if len(parts) > 1 else ""
