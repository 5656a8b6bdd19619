"""Reads what clients of the seed send: JSON, forms or nothing; keys in paths, bodies, queries or headers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from api.auth import Caller, credential
from api.deps import admit
from api.errors import FieldProblem, InvalidFields, MalformedBody
from api.schemas.products import ProductPatch, ProductWrite
from api.uploads import FIELD_BYTES_MAX, FIELDS_MAX, files_of, read_json, validated

SECRET = frozenset({"secret"})
NAMES = {
    "name": "name",
    "description": "description",
    "category": "category",
    "Category": "category",
    "style": "style",
    "Styles": "style",
    "age_group": "age_group",
    "AgeGroup": "age_group",
}
"""From the seed's words to ours; other fields are passed over."""


@dataclass(frozen=True)
class SeedBody:
    fields: dict[str, object]
    files: tuple[UploadFile, ...]

    def write(self) -> ProductWrite:
        return validated(ProductWrite, self._named())

    def patch(self) -> ProductPatch:
        return validated(ProductPatch, self._named())

    def _named(self) -> dict[str, object]:
        given = {NAMES[name]: value for name, value in self.fields.items() if name in NAMES}
        nothing = ("category", "style", "age_group")
        return {name: None if name in nothing and value == "" else value for name, value in given.items()}


async def _body(request: Request) -> AsyncIterator[SeedBody]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
        form = await request.form(max_files=1, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX)
        try:
            texts: dict[str, object] = {name: value for name, value in form.multi_items() if isinstance(value, str)}
            yield SeedBody(texts, files_of(form, "photo", "Photo"))
        finally:
            await form.close()
    elif await request.body():
        value = await read_json(request)
        if not isinstance(value, dict):
            raise MalformedBody("The body is not a JSON object.")
        yield SeedBody(value, ())
    else:
        yield SeedBody({}, ())


BodyOf = Annotated[SeedBody, Depends(_body)]


async def _by_path(request: Request, api_key: str) -> Caller:
    return await admit(request, api_key, kinds=SECRET)


async def _by_body(request: Request, body: BodyOf) -> Caller:
    key = body.fields.get("api_key") or request.query_params.get("api_key")
    if key is None:
        key = credential(request.headers)
    return await admit(request, str(key), kinds=SECRET)


ByPath = Annotated[Caller, Depends(_by_path)]
ByBody = Annotated[Caller, Depends(_by_body)]


def one_photo(body: SeedBody) -> tuple[UploadFile, ...]:
    """Raises InvalidFields without one."""
    if not body.files:
        raise InvalidFields((FieldProblem("/photo", "missing", "Send the photo as a file in the field `photo`."),))
    return body.files
