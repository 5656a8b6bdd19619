"""What a start says of the Chroma servers it was given."""

from db import collections
from db.errors import Unavailable
from db.index import Index
from db.postgres import connect


async def complaints(dsn: str, urls: str) -> list[str]:
    """A sentence for each server that is away, and for each that shops live on and that is not among `urls`.

    Neither is a reason not to start: their shops' prompts are answered by exact search. Raises Unavailable when no
    server answers.
    """
    index = Index(urls)
    try:
        health = await index.health()
    finally:
        await index.close()
    away = {name: state for name, state in health.items() if state != "ok"}
    if len(away) == len(health):
        raise Unavailable("; ".join(sorted(set(away.values()))))
    pool = await connect(dsn, connections_max=1)
    try:
        homes = await collections.by_server(pool)
    finally:
        await pool.close()
    lost = {name: count for name, count in homes.items() if name not in health}
    return [f"The Chroma server {name} is away ({state})." for name, state in away.items()] + [
        f"FITMATCH_CHROMA_URL names no server {name}, on which {count} collection(s) are: name it,"
        f" or `fitmatch move-shop --from {name} --to` another."
        for name, count in lost.items()
    ]
