"""Asks for recommendations, keeps the prompt, and writes the answer."""

import re
import time
from uuid import UUID

from fastapi import Request

from api import answers, exchange
from api.deps import Parts
from api.ids import fresh, public
from api.ports import Answer, Ask, Recommended
from api.schemas.recommendations import (
    AskedProduct,
    Model,
    Recommendation,
    RecommendationAnswer,
    ShownPhoto,
    Timing,
)
from api.signatures import Addresses
from db.products import Product
from db.prompts import Asked

WORD = re.compile(r"\w+(?:-\w+)*")


async def recommend(
    parts: Parts, request: Request, ask: Ask, to: Addresses, like: Product | None = None
) -> RecommendationAnswer:
    """Raises what `Query.recommend` raises. The prompt is kept before the answer is given.

    `like` is the product of `ask.like_product_id`.
    """
    started = time.perf_counter()
    found = await parts.context.query.recommend(ask)
    if ask.prompt is not None:
        await keep(parts, ask.shop_id, ask.prompt, asked=ask.num_results, returned=len(found.recommended))
    total_ms = (time.perf_counter() - started) * 1000
    timings = f"embed;dur={found.embed_ms:.1f}, search;dur={found.search_ms:.1f}, total;dur={total_ms:.1f}"
    exchange.of(request.scope).headers["Server-Timing"] = timings
    return _answer(ask, found, total_ms, like, to)


async def keep(parts: Parts, shop_id: UUID, prompt: str, *, asked: int, returned: int) -> None:
    await parts.prompts.submit(Asked(shop_id, prompt, asked, returned))


def _answer(ask: Ask, found: Answer, total_ms: float, like: Product | None, to: Addresses) -> RecommendationAnswer:
    name, _, revision = found.checkpoint.rpartition("@")
    said = {
        "photo": ask.photo,
        "prompt": ask.prompt,
        "product": ask.like_product_id,
        "filter": ask.filter,
        "min_score": ask.min_score,
    }
    return RecommendationAnswer(
        recommendation_id=fresh("rec"),
        data=[_one(one, rank, ask.prompt, to) for rank, one in enumerate(found.recommended, start=1)],
        product=_asked_product(like, to) if like else None,
        used_inputs=[name for name, value in said.items() if value is not None],
        prompt_chunks=found.prompt_chunks,
        model=Model(checkpoint=name, revision=revision),
        timing_ms=Timing(embed=round(found.embed_ms, 2), search=round(found.search_ms, 2), total=round(total_ms, 2)),
    )


def _asked_product(product: Product, to: Addresses) -> AskedProduct:
    """What any shopper may know of it: a page opens it by address, with a publishable key."""
    fields = product.fields
    return AskedProduct(
        product_id=public("prd", product.id),
        external_id=fields.external_id,
        name=fields.name,
        description=fields.description,
        category=product.category,
        style=product.style,
        age_group=product.age_group,
        brand=fields.brand,
        colours=list(fields.colours),
        sizes=list(fields.sizes),
        materials=list(fields.materials),
        price=answers.price(product),
        sale_price=answers.sale_price(product),
        availability=fields.availability,
        url=fields.url,
        photos=[_photo(product.shop_id, photo.id, to) for photo in product.photos if photo.status != "failed"],
    )


def _one(one: Recommended, rank: int, prompt: str | None, to: Addresses) -> Recommendation:
    product, fields = one.product, one.product.fields
    return Recommendation(
        product_id=public("prd", product.id),
        external_id=fields.external_id,
        rank=rank,
        score=round(one.similarity, 6),
        similarity=round(one.similarity, 6),
        name=fields.name,
        description=fields.description,
        category=product.category,
        style=product.style,
        age_group=product.age_group,
        price=answers.price(product),
        sale_price=answers.sale_price(product),
        availability=fields.availability,
        url=fields.url,
        photo=_photo(product.shop_id, one.photo_id, to),
        reasons=_reasons(one, prompt),
    )


def _photo(shop_id: UUID, photo_id: UUID, to: Addresses) -> ShownPhoto:
    return ShownPhoto(
        id=public("pho", photo_id),
        url=to.of(shop_id, photo_id, "medium"),
        thumbnail_url=to.of(shop_id, photo_id, "thumb"),
    )


def _reasons(one: Recommended, prompt: str | None) -> list[str]:
    """What the shop says of the product that the prompt says too, word for word."""
    asked = {word.lower() for word in WORD.findall(prompt or "")}
    product = one.product
    said = {
        "category": (product.category,),
        "style": (product.style,),
        "age group": (product.age_group,),
        "brand": (product.fields.brand,),
        "colour": product.fields.colours,
    }
    return [f"{what}: {value}" for what, values in said.items() for value in values if value and value.lower() in asked]
