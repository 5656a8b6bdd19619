"""Two changes of one product at once: who gave no If-Match is asked again, not refused."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from db.errors import Changed, Taken

ATTEMPTS_MAX = 5

Result = TypeVar("Result")


async def again(attempt: Callable[[], Awaitable[Result]], *, conditional: bool) -> Result:
    """Raises Changed when `conditional`, or when the others win ATTEMPTS_MAX times."""
    for _ in range(ATTEMPTS_MAX - 1):
        try:
            return await attempt()
        except Changed:
            if conditional:
                raise
        except Taken:
            # Another PUT created the product just now, so this one replaces it; a name that is truly taken stays so.
            continue
    return await attempt()
