"""Many products in one request."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from api import catalogue, ids
from api.answers import json
from api.deps import Db, PartsOf, Secret
from api.exchange import of as exchange_of
from api.once import Fingerprint, OnceOf
from api.problems import CODES, Problem, of_validation
from api.problems import of as problem_of
from api.races import again
from api.schemas.problem import Problem as ProblemAnswer
from api.schemas.product_answers import BatchAnswer, BatchResult
from api.schemas.products import EXAMPLE, DeleteEntry, Entry, PatchEntry, UpsertEntry
from api.schemas.text import given
from db import products
from db.errors import NotFound
from db.postgres import UNAVAILABLE, Connection, Pool

router = APIRouter(tags=["products"])

ENTRIES_MAX = 200
ONE: TypeAdapter[UpsertEntry | PatchEntry | DeleteEntry] = TypeAdapter(Entry)


class Batch(BaseModel):
    """Entries are done in their order; each on its own, so that one that fails stops no other."""

    model_config = given(
        {"operations": [{"op": "upsert", **EXAMPLE}, {"op": "delete", "id": "ext:SKU-2"}]},
    )

    operations: list[Annotated[Any, Field(json_schema_extra={"type": "object"})]] = Field(
        min_length=1,
        max_length=ENTRIES_MAX,
        description="Each with `op`: `upsert` (fields of a product, its photos stay), `patch` or `delete` (with `id`)",
    )


@router.post("/v1/products/batch", response_model=BatchAnswer)
async def change_products(  # noqa: PLR0913, PLR0917 - what a route takes
    caller: Secret, request: Request, parts: PartsOf, pool: Db, batch: Batch, once: OnceOf, fingerprint: Fingerprint
) -> Response:
    """Creates, changes and deletes up to 200 products. `results` says for each entry what became of it."""

    async def work() -> Response:
        results = [await _one(pool, request, caller.shop_id, place, raw) for place, raw in enumerate(batch.operations)]
        return json(BatchAnswer(results=results))

    answer = await once.run_in_steps(work, fingerprint=fingerprint)
    await parts.context.ingest.wake()
    return answer


async def _one(pool: Pool, request: Request, shop_id: UUID, index: int, raw: object) -> BatchResult:
    """An entry is a transaction: no lock is held for long, and the shop's other uploads pass between entries."""
    try:
        entry = ONE.validate_python(raw)

        async def attempt() -> tuple[int, UUID]:
            async with pool.acquire() as connection, connection.transaction():
                return await _do(connection, shop_id, entry)

        status, product_id = await again(attempt, conditional=False)
        return BatchResult(index=index, status=status, id=ids.public("prd", product_id))
    except ValidationError as error:
        return _failed(
            request, index, of_validation([{**one, "loc": one["loc"][1:] or ("op",)} for one in error.errors()])
        )
    except UNAVAILABLE:
        raise  # The others would wait for the same outage one by one.
    except tuple(CODES) as error:
        problem = problem_of(error)
        if problem is None:
            raise
        return _failed(request, index, problem)


async def _do(db: Connection, shop_id: UUID, entry: UpsertEntry | PatchEntry | DeleteEntry) -> tuple[int, UUID]:
    if isinstance(entry, UpsertEntry):
        return await _upsert(db, shop_id, entry)
    product_id = await ids.product(db, shop_id, entry.id)
    if isinstance(entry, DeleteEntry):
        await products.delete(db, shop_id, product_id)
        return 204, product_id
    await catalogue.patch(db, shop_id, await products.get(db, shop_id, product_id), entry)
    return 200, product_id


async def _upsert(db: Connection, shop_id: UUID, entry: UpsertEntry) -> tuple[int, UUID]:
    if entry.external_id is None:
        return 201, await catalogue.add(db, shop_id, entry, [])
    try:
        product_id = await products.id_of_external(db, shop_id, entry.external_id)
    except NotFound:
        return 201, await catalogue.add(db, shop_id, entry, [])
    await catalogue.replace_all(db, shop_id, await products.get(db, shop_id, product_id), entry, [])
    return 200, product_id


def _failed(request: Request, index: int, problem: Problem) -> BatchResult:
    document = problem.document(
        instance=f"{request.url.path}#/operations/{index}", request_id=exchange_of(request.scope).request_id
    )
    return BatchResult(index=index, status=problem.status, error=ProblemAnswer.model_validate(document))
