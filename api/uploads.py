"""What a shop sends to write a product: JSON, or a form with photos."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from api.deps import Parts
from api.errors import FieldProblem, InvalidFields, MalformedBody, PhotoUrlsNotSupported, UnsupportedBody
from api.schemas.products import ProductWrite
from db.photos import NewPhoto
from models.photo import BYTES_MAX, BadPhoto, Header, inspect

PHOTOS_MAX = 10
FIELDS_MAX = 300
FIELD_BYTES_MAX = 64 * 1024

LISTS = ("colours", "sizes", "materials", "tags")
OBJECTS = ("attributes",)
MONEY = ("price", "sale_price")

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True)
class Sent:
    """A product and the photos that came with it."""

    product: ProductWrite
    files: tuple[UploadFile, ...]


async def _sent(request: Request) -> AsyncIterator[Sent]:
    """Raises what the table knows about bodies that cannot be read. The files live as long as the request."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        product = validated(ProductWrite, await read_json(request))
        if product.photos:
            raise PhotoUrlsNotSupported("Photos are not fetched by address yet; send them as multipart/form-data.")
        yield Sent(product, ())
        return
    form = await read_form(request)
    try:
        yield Sent(validated(ProductWrite, plain(form)), files_of(form, "photo"))
    finally:
        await form.close()


SentProduct = Annotated[Sent, Depends(_sent)]


async def _photos(request: Request) -> AsyncIterator[tuple[UploadFile, ...]]:
    form = await read_form(request)
    try:
        files = files_of(form, "photo")
        if unknown := set(form) - {"photo"}:
            raise _invalid(min(unknown), "unsupported_field", "This route takes photos alone.")
        if not files:
            raise _invalid("photo", "missing", "Send at least one photo.")
        yield files
    finally:
        await form.close()


SentPhotos = Annotated[tuple[UploadFile, ...], Depends(_photos)]


async def read_json(request: Request) -> object:
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise MalformedBody("The body is not JSON.") from error


async def read_form(request: Request) -> FormData:
    """A form with at most PHOTOS_MAX files; close it. Raises UnsupportedBody, and HTTPException past the limits."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedBody("Send application/json, or multipart/form-data with photos.")
    return await request.form(max_files=PHOTOS_MAX, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX)


def validated(model: type[Body], value: object) -> Body:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from error


def files_of(form: FormData, *names: str, but: str = "") -> tuple[UploadFile, ...]:
    """Raises InvalidFields for a file in another field (`but` may be one), and for text where a file belongs."""
    found: list[UploadFile] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) and name in names:
            found.append(value)
        elif isinstance(value, UploadFile) and name != but:
            raise _invalid(name, "unsupported_field", f"Send photos in the field `{names[0]}`.")
        elif name in names:
            raise _invalid(name, "not_a_file", "This field takes a file, with a file name.")
    return tuple(found)


def plain(form: FormData) -> dict[str, object]:
    """The form's text as the JSON that it stands for: lists may repeat, hold commas or be JSON; empty means null."""
    texts: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            texts.setdefault(name, []).append(value)
    currency = texts.pop("currency", [""])[0]
    return {name: _value(name, given, currency) for name, given in texts.items()}


def _value(name: str, given: list[str], currency: str) -> object:
    if name in LISTS:
        return _list(name, given)
    if len(given) > 1:
        raise _invalid(name, "repeated", "This field came more than once.")
    text = given[0]
    if not text.strip():
        return {} if name in OBJECTS else "" if name in ("name", "description") else None
    if name in OBJECTS or (name in MONEY and text.lstrip().startswith("{")):
        return _json(name, text)
    if name in MONEY:
        amount, _, named = text.strip().partition(" ")
        return {"amount": amount, "currency": named or currency}
    return text


def _list(name: str, given: list[str]) -> object:
    if len(given) > 1:
        return given
    if given[0].lstrip().startswith("["):
        return _json(name, given[0])
    return [word for word in (part.strip() for part in given[0].split(",")) if word]


def _json(name: str, text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _invalid(name, "json_invalid", "This field takes JSON.") from error


def _invalid(name: str, code: str, detail: str) -> InvalidFields:
    return InvalidFields((FieldProblem(f"/{name}", code, detail),))


async def store(parts: Parts, shop_id: UUID, files: tuple[UploadFile, ...]) -> list[NewPhoto]:
    """Durable when it returns. Reads one photo at a time and looks at headers only. Raises a BadPhoto, Unavailable."""
    return [await _store(parts, shop_id, files, place) for place in range(len(files))]


async def _store(parts: Parts, shop_id: UUID, files: tuple[UploadFile, ...], place: int) -> NewPhoto:
    async with parts.uploads:
        data = await files[place].read(BYTES_MAX + 1)
        try:
            header = await _inspect(parts, data)
        except BadPhoto as error:
            if len(files) == 1:
                raise
            raise type(error)(f"Photo {place + 1} of {len(files)}: {error}") from error
        content_hash = await parts.context.stores.files.add(shop_id, data)
    return NewPhoto(content_hash, len(data), header.width, header.height)


async def read_photo(parts: Parts, file: UploadFile) -> bytes:
    """Looked at but kept nowhere. Raises a BadPhoto."""
    data = await file.read(BYTES_MAX + 1)
    await _inspect(parts, data)
    return data


async def _inspect(parts: Parts, data: bytes) -> Header:
    return await asyncio.get_running_loop().run_in_executor(parts.photo_threads, inspect, data)


def fingerprint(path: str, product: BaseModel | None, photos: list[NewPhoto]) -> bytes:
    """Of what was sent, not of its bytes: a client's second try has another multipart boundary."""
    hashes = "".join(photo.content_hash for photo in photos)
    fields = product.model_dump_json() if product else ""
    return hashlib.sha256(f"{path}\n{fields}\n{hashes}".encode()).digest()
