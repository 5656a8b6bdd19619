"""What a shopper sends to be recommended something: words as JSON, or a form with a photo, with or without words."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from api import uploads
from api.deps import Parts
from api.errors import FieldProblem, InvalidFields, UnsupportedBody
from api.schemas.recommendations import RecommendationRequest, RecommendationWish
from db.errors import Overloaded

REQUEST_BYTES_MAX = uploads.FIELD_BYTES_MAX


@dataclass(frozen=True)
class Wanted:
    """At least one of `wish.prompt` and `photo` is there. The prompt is not cleaned yet."""

    wish: RecommendationWish
    photo: UploadFile | None = None


async def _wanted(request: Request) -> AsyncIterator[Wanted]:
    """Raises what the table knows about bodies that cannot be read. The photo lives as long as the request."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        yield Wanted(uploads.validated(RecommendationRequest, await uploads.read_json(request)))
        return
    if media_type != "multipart/form-data":
        raise UnsupportedBody("Send application/json, or multipart/form-data with a `photo`.")
    form = await uploads.read_form(request)
    try:
        yield await _of_form(form)
    finally:
        await form.close()


WantedOf = Annotated[Wanted, Depends(_wanted)]


@asynccontextmanager
async def read(parts: Parts, photo: UploadFile | None) -> AsyncGenerator[bytes | None]:
    """The photo's bytes, looked at but not decoded; so many are in memory at once. Raises a BadPhoto, Overloaded."""
    if photo is None:
        yield None
        return
    if parts.photo_searches.locked():
        raise Overloaded("Many photos are being searched for; try again in a moment.")
    async with parts.photo_searches:
        yield await uploads.read_photo(parts, photo)


async def _of_form(form: FormData) -> Wanted:
    files = uploads.files_of(form, "photo", but="request")
    if len(files) != 1:
        code = "repeated" if files else "missing"
        raise InvalidFields((FieldProblem("/photo", code, "Send one photo in the field `photo`."),))
    if unknown := set(form) - {"photo", "request"}:
        detail = "What is wanted belongs into the field `request`, as JSON."
        raise InvalidFields((FieldProblem(f"/{min(unknown)}", "unsupported_field", detail),))
    return Wanted(uploads.validated(RecommendationWish, await _json(form)), files[0])


async def _json(form: FormData) -> object:
    """A page sends JSON as a file of its own media type, curl as text."""
    given = form.getlist("request")
    if len(given) > 1:
        raise InvalidFields((FieldProblem("/request", "repeated", "This field came more than once."),))
    text = given[0] if given else "{}"
    if isinstance(text, UploadFile):
        text = await text.read(REQUEST_BYTES_MAX + 1)
    if len(text) > REQUEST_BYTES_MAX:
        raise InvalidFields((FieldProblem("/request", "too_long", f"At most {REQUEST_BYTES_MAX:,} bytes are taken."),))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidFields((FieldProblem("/request", "json_invalid", "This field takes JSON."),)) from error
