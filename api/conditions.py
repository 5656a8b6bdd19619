"""If-Match, If-None-Match and Prefer, as dependencies."""

import re
from typing import Annotated

from fastapi import Depends, Header

from db.errors import Changed

REVISION = re.compile(r'"(\d{1,9})(?:-[^"]*)?"')
WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})")
WAIT_S_MAX = 30


async def _revisions(
    if_match: Annotated[
        str | None, Header(description="An ETag of the product: change it only if it is still so")
    ] = None,
) -> frozenset[int] | None:
    """The revisions that the caller would change; None for any. Raises Changed for tags that no product has."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = [REVISION.fullmatch(tag.strip()) for tag in if_match.split(",")]
    known = frozenset(int(match[1]) for match in found if match)
    if not known:
        raise Changed("If-Match holds no ETag of a product.")
    return known


async def _wait_s(
    prefer: Annotated[
        str | None,
        Header(description=f"`wait=10`: answer when it is embedded, after at most 10 s (at most {WAIT_S_MAX})"),
    ] = None,
) -> int:
    match = WAIT.search(prefer or "")
    return min(int(match[1]), WAIT_S_MAX) if match else 0


async def _etags(
    if_none_match: Annotated[
        str | None, Header(description="ETags that the caller has: 304 if one still holds")
    ] = None,
) -> frozenset[str]:
    return frozenset(tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",") if tag.strip())


RevisionsOf = Annotated[frozenset[int] | None, Depends(_revisions)]
WaitOf = Annotated[int, Depends(_wait_s)]
EtagsOf = Annotated[frozenset[str], Depends(_etags)]
