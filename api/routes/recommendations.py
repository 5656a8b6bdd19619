"""Recommendations for a prompt, for a photo, or for a product."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import ids
from api.asking import WantedOf, read
from api.deps import AddressesOf, AnyKey, Db, PartsOf
from api.ports import Ask
from api.recommending import recommend
from api.routes.bodies import WANTED_BODY
from api.schemas import filters
from api.schemas.recommendations import RESULTS_DEFAULT, NumResults, Prompt, RecommendationAnswer
from db import products
from models.prompt import clean

router = APIRouter(tags=["recommendations"])

Count = Annotated[NumResults, Query(description="How many products, best first")]


@router.post("/v1/recommendations", openapi_extra=WANTED_BODY)
async def recommend_for_prompt(
    caller: AnyKey, request: Request, parts: PartsOf, wanted: WantedOf, to: AddressesOf
) -> RecommendationAnswer:
    """The shop's products that fit a prompt or look like a photo, best first; with both, what lies between the two.

    The prompt is kept for the shop to learn from; of the photo nothing is kept.
    """
    wish = wanted.wish
    async with read(parts, wanted.photo) as photo:
        ask = Ask(
            shop_id=caller.shop_id,
            num_results=wish.num_results,
            prompt=None if photo and not (wish.prompt or "").strip() else clean(wish.prompt or ""),
            photo=photo,
            filter=filters.parse(wish.filter),
            min_score=wish.min_score,
        )
        return await recommend(parts, request, ask, to)


@router.get("/v1/recommendations")
async def recommend_simply(
    caller: AnyKey,
    request: Request,
    parts: PartsOf,
    to: AddressesOf,
    prompt: Annotated[Prompt, Query(description="In the shopper's words")],
    num_results: Count = RESULTS_DEFAULT,
) -> RecommendationAnswer:
    """The same for simple calls. Prompts in addresses end up in logs of proxies: prefer POST."""
    ask = Ask(shop_id=caller.shop_id, num_results=num_results, prompt=clean(prompt))
    return await recommend(parts, request, ask, to)


@router.get("/v1/products/{product_id}/similar")
async def recommend_similar(  # noqa: PLR0913, PLR0917 - what a route takes
    caller: AnyKey,
    request: Request,
    parts: PartsOf,
    db: Db,
    to: AddressesOf,
    product_id: str,
    num_results: Count = RESULTS_DEFAULT,
) -> RecommendationAnswer:
    """The shop's products that look like this one, without itself; and `product`, what shoppers may know of it."""
    known = await ids.product(db, caller.shop_id, product_id)
    like = await products.get(db, caller.shop_id, known)
    ask = Ask(shop_id=caller.shop_id, num_results=num_results, like_product_id=known)
    return await recommend(parts, request, ask, to, like)
