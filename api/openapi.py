"""Words of the API reference that belong to no single route."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from api.deps import DECLARATIONS
from api.schemas.products import ProductWrite
from api.schemas.recommendations import RecommendationRequest, RecommendationWish

DESCRIPTION = """
Shops upload photos of what they sell; shoppers get recommendations for a prompt such as “red summer dress”.

**Keys.** `Authorization: Bearer fm_sk_…` (or `X-API-Key`). Secret keys belong on servers. Publishable keys (`fm_pk_…`)
may be seen in pages: they only ask for recommendations and the storefront, from the key's `allowed_origins`.

**Sessions.** `/v1/session` is how this service's own console signs in; its cookie works only with the header
`X-FitMatch-Console: 1`, from the console's own pages.

**Errors** are `application/problem+json` (RFC 9457); every `code` is explained under [/docs/problems](/docs/problems).

**Lists** take `limit` (at most 200) and `cursor`, and answer `data`, `has_more`, `next_cursor`.

**Repeats.** `Idempotency-Key` on a POST that creates: a repeat within 24 hours gets the first answer, with
`Idempotent-Replayed: true`. A key that was shown in the first answer is null in the repeat. An upload that waited
(`Prefer: wait`) is repeated as it was first accepted: 202.

**Conditions.** Products carry an `ETag`; `If-Match` refuses a change of what has changed meanwhile (412),
`If-None-Match` saves the body of what has not (304).

**Limits.** `RateLimit` and `RateLimit-Policy` say how much a key may still ask; 429 and 503 say when to come back in
`Retry-After`. JSON bodies have at most 1 MiB, batches 4 MiB, uploads 64 MiB.
"""

TAGS: list[dict[str, Any]] = [
    {"name": "recommendations", "description": "What shoppers want"},
    {"name": "products", "description": "What a shop sells"},
    {"name": "photos", "description": "Photos of products"},
    {"name": "taxonomy", "description": "A shop's categories, styles and age groups"},
    {"name": "shops", "description": "The shops of this deployment"},
    {"name": "keys", "description": "A shop's api keys"},
    {"name": "console", "description": "Sessions of this service's own console; programs use keys"},
    {"name": "operations", "description": "How it is doing"},
    {"name": "seed", "description": "The routes of FitMatchFinder, for clients written for it; use /v1 for new ones"},
]

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be done as it is; `code` says why", "content": _PROBLEM},
    "5XX": {"description": "The service cannot do it now; `code` says why", "content": _PROBLEM},
}

PATH_WORDS = {
    "product_id": "`prd_…`, or the shop's own id as `ext:…`",
    "photo_id": "`pho_…`",
    "shop_id": "`shp_…`",
    "key_id": "`key_…`",
    "term_id": "Its id, as lists give it",
    "api_key": "A secret key",
    "pk": "The ImageID",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """What FastAPI finds, with who may call each route, words for path parameters, and examples with their nulls."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    for model in (ProductWrite, RecommendationRequest, RecommendationWish):
        _add(document, model)
    examples = {model.__name__: model.model_config.get("json_schema_extra") for model in _models(BaseModel)}
    for name, schema in document["components"]["schemas"].items():
        schema.update(examples.get(name) or {})
    callers = _callers(app)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            operation["x-caller"] = callers[path, method.upper()]
            for parameter in operation.get("parameters", ()):
                parameter.setdefault("description", PATH_WORDS.get(parameter["name"], ""))
    return document


def _add(document: dict[str, Any], model: type[BaseModel]) -> None:
    """A model that no route takes as such, because its route takes forms too."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, inner in {**schema.pop("$defs", {}), model.__name__: schema}.items():
        document["components"]["schemas"].setdefault(name, inner)


def callers_of(dependant: Dependant) -> list[str]:
    """The declarations of a route; there should be one."""
    return [call.__name__ for call in DECLARATIONS for one in dependant.dependencies if one.call is call]


def _callers(app: FastAPI) -> dict[tuple[str, str], str]:
    return {
        (str(route.path), method): ", ".join(callers_of(route.dependant))
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    }


def _models(parent: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in parent.__subclasses__():
        if model.__module__.startswith("api."):
            yield model
        yield from _models(model)
