"""The report's pictures: small SVG files on white, so that they can be read on light and on dark pages."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.figure import Figure

from tests.benchmarks.found import Round, Weights

COLOURS = ("#1f5fbf", "#d9822b", "#6b7280", "#2e8b57")
"""Of servers in their order; told apart by those who see no red or no green as well."""

mpl.use("Agg")
mpl.rcParams.update(
    {
        "svg.fonttype": "none",  # text stays text: a tenth of the size, and a browser's own font
        "svg.hashsalt": "fitmatch",  # the same figures make the same file
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e5e7eb",
        "figure.facecolor": "white",
        "axes.prop_cycle": mpl.cycler(color=COLOURS),
    }
)


@contextmanager
def figure(path: Path, *, columns: int = 1, height: float = 3.2) -> Generator[tuple[Figure, list[pyplot.Axes]]]:
    """One row of axes, saved when left. Inches."""
    drawn, axes = pyplot.subplots(1, columns, figsize=(4.6 * columns, height), squeeze=False, layout="constrained")
    yield drawn, list(axes[0])
    drawn.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(drawn)


def levels(servers: Mapping[str, Round], path: Path) -> None:
    """New prompts: what each server gives, and how long one waits, by the number of clients."""
    with figure(path, columns=2) as (drawn, (rates, waits)):
        for name, server in servers.items():
            new = [level for level in server.levels if not level.repeated]
            clients = [str(level.clients) for level in new]
            rates.plot(clients, [level.per_s for level in new], marker="o", label=name)
            waits.plot(clients, [level.p95_ms for level in new], marker="o", label=name)
        rates.set(xlabel="clients", ylabel="new prompts per second", ylim=(0, None))
        waits.set(xlabel="clients", ylabel="p95 of one prompt, milliseconds", yscale="log")
        waits.yaxis.set_major_formatter("{x:g}")
        drawn.legend(*rates.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)


def photos(weights: Weights, path: Path) -> None:
    """Photos per second from POST to ready beside the bare models that bound them."""
    found = {name: server.photos.per_s for name, server in weights.servers.items() if server.photos}
    found["bare model of our replicas"] = weights.replicas.photos_per_s
    if weights.reference:
        found["bare transformers, float32"] = weights.reference.photos_per_s
    with figure(path, height=2.2) as (_, (axes,)):
        names = list(reversed(found))
        colours = [*["#cbd5e1"] * (len(found) - 2), COLOURS[1], COLOURS[0]]
        bars = axes.barh(names, [found[name] for name in names], color=colours)
        axes.bar_label(bars, fmt="%.1f", padding=3)
        axes.set(xlabel="photos per second", xlim=(0, 1.15 * max(found.values())))
        axes.grid(visible=False, axis="y")
