"""The photo itself, by a signed address: what pages show."""

import asyncio
import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.conditions import EtagsOf
from api.deps import ANYONE, PartsOf
from api.ids import parse
from db import photos
from db.errors import NotFound
from models.photo import Size, render

router = APIRouter(tags=["photos"])

ANY_PAGE = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
"""The address is the permission, so any page that was given it may show the photo."""


@router.get(
    "/v1/photos/{photo_id}/content",
    dependencies=[ANYONE],
    response_class=Response,
    responses={
        200: {"description": "WebP without metadata", "content": {"image/webp": {}}},
        304: {"description": "It is as you have it"},
    },
)
async def get_photo_content(
    parts: PartsOf,
    photo_id: str,
    size: Annotated[Size, Query(description="`thumb` 320 px, `medium` 960 px, or `original`")],
    expires: Annotated[int, Query(ge=0, le=2**40, description="Unix seconds; as in the address that was given out")],
    signature: Annotated[str, Query(max_length=100, description="As in the address that was given out")],
    etags: EtagsOf,
) -> Response:
    """A photo, by the addresses that products and recommendations carry. They are signed and expire within 15 minutes.

    What is served is encoded anew: upright, over white, without EXIF.
    """
    known = parse("pho", photo_id)
    shop_id = await parts.signer.shop(known, size, expires, signature)
    found = await photos.get(parts.context.stores.db, shop_id, known)
    headers = {
        "ETag": f'"{found.content_hash[:16]}-{size}"',
        "Cache-Control": f"private, max-age={max(0, expires - int(time.time()))}, immutable",
        **ANY_PAGE,
    }
    if headers["ETag"] in etags:
        return Response(status_code=304, headers=headers)
    return Response(await _rendition(parts, shop_id, known, size, found.content_hash), 200, headers, "image/webp")


async def _rendition(parts: PartsOf, shop_id: UUID, photo_id: UUID, size: Size, content_hash: str) -> bytes:
    """Rendered at the first request and kept. Raises a BadPhoto, NotFound."""
    files = parts.context.stores.files
    kept = await files.read_rendition(shop_id, photo_id, size)
    if kept is not None:
        return kept
    async with parts.uploads:
        data = await files.read(shop_id, content_hash)
        made = await asyncio.get_running_loop().run_in_executor(parts.render_threads, render, data, size)
    await files.add_rendition(shop_id, photo_id, size, made)
    try:
        await photos.get(parts.context.stores.db, shop_id, photo_id)
    except NotFound:  # deleted meanwhile: what clears up after it may have been here before us
        await files.delete_renditions(shop_id, photo_id)
        raise
    return made
