"""What happened inside during a load, by the metrics that operators see (docs/operations.md)."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

EXPORT_S = 12.0
"""Ray's processes tell their node's agent every ten seconds."""
SEEN_S_MAX = 60.0

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass(frozen=True)
class Inside:
    """Medians of milliseconds: in the text model for a batch, in the two stores for one prompt. `batch` is a mean."""

    model_ms: float
    batch: float
    chroma_ms: float
    postgres_ms: float


class Insight:
    """Begins when it is made: only what happens from then on counts, so nothing may be on its way to the agent then."""

    def __init__(self, metrics_url: str) -> None:
        self._url = metrics_url
        self._before = self._scrape()

    def after(self, prompts: int) -> Inside:
        """Of so many new prompts that were asked in between. Waits until every process has told its agent of them."""
        time.sleep(EXPORT_S)
        deadline = time.monotonic() + SEEN_S_MAX
        while (told := self._grown(after := self._scrape(), "fitmatch_prompts_total")) < prompts:
            if time.monotonic() > deadline:
                raise SystemExit(f"Ray's metrics speak of {told:.0f} prompts where {prompts} were asked")
            time.sleep(1)
        return Inside(
            model_ms=1000 * self._median(after, "fitmatch_batch_seconds", tower="text"),
            batch=prompts / self._grown(after, "fitmatch_batch_photos_count", tower="text"),
            chroma_ms=1000 * self._median(after, "fitmatch_chroma_seconds", what="search"),
            postgres_ms=1000
            * sum(self._median(after, "fitmatch_postgres_seconds", what=what) for what in ("fitting", "products")),
        )

    def _scrape(self) -> Samples:
        text = httpx.get(self._url, timeout=10, trust_env=False).raise_for_status().text
        families = text_string_to_metric_families(text)
        return {
            (sample.name.removeprefix("ray_"), tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
            if sample.name.startswith("ray_fitmatch_")
        }

    def _grown(self, after: Samples, name: str, **tags: str) -> float:
        return sum(
            value - self._before.get((each, labels), 0)
            for (each, labels), value in after.items()
            if each == name and tags.items() <= dict(labels).items()
        )

    def _median(self, after: Samples, name: str, **tags: str) -> float:
        bounds = {dict(labels)["le"] for each, labels in after if each == f"{name}_bucket"}
        return median_of_buckets((float(le), self._grown(after, f"{name}_bucket", le=le, **tags)) for le in bounds)


def median_of_buckets(buckets: Iterable[tuple[float, float]]) -> float:
    """As Prometheus' histogram_quantile: linear inside the bucket. (upper bound, how many at most that) pairs.

    0 when nothing was counted.
    """
    below, low = 0.0, 0.0
    ordered = sorted(buckets)
    half = ordered[-1][1] / 2 if ordered else 0.0
    for bound, at_most in ordered:
        if at_most >= half > 0:
            return low if bound == float("inf") else low + (bound - low) * (half - below) / (at_most - below)
        below, low = at_most, bound
    return 0.0
