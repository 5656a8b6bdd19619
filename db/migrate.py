"""Applies `migrations/NNNN_what.sql` in order, each once, under an advisory lock; forward only."""


async def migrate(dsn: str) -> list[str]:
    """The names of the files that were applied now; empty when the schema was current. Safe from many processes."""
    raise NotImplementedError
