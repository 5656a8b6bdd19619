"""Recommendations, and the prompts that were asked."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.filters import Clause
from api.schemas.money import Money
from api.schemas.text import given, told
from models.prompt import PROMPT_CHARACTERS_MAX

RESULTS_MAX = 100
RESULTS_DEFAULT = 10

Prompt = Annotated[
    str,
    StringConstraints(max_length=4 * PROMPT_CHARACTERS_MAX),
    Field(json_schema_extra={"minLength": 1, "maxLength": PROMPT_CHARACTERS_MAX}),
]
"""Not Text: what cannot be stored is cleaned out of a prompt, not refused."""
NumResults = Annotated[int, Field(ge=1, le=RESULTS_MAX)]

_RECOMMENDATION = {
    "product_id": "prd_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "external_id": "SKU-1",
    "rank": 1,
    "score": 0.312,
    "similarity": 0.312,
    "name": "Red summer dress",
    "description": "Light cotton, knee length.",
    "category": "dress",
    "style": "casual",
    "age_group": "adult",
    "price": {"amount": "49.90", "currency": "EUR"},
    "sale_price": None,
    "availability": "in_stock",
    "url": "https://shop.example/p/SKU-1",
    "photo": {
        "id": "pho_01939f3ce3b17a0fb2f9a2f64d0a5c11",
        "url": "https://fitmatch.example/v1/photos/pho_01939f3ce3b17a0fb2f9a2f64d0a5c11/content?size=medium&expires=…",
        "thumbnail_url": "https://fitmatch.example/v1/photos/pho_01939f3ce3b17a0fb2f9a2f64d0a5c11/content?size=thumb…",
    },
    "reasons": ["category: dress", "colour: red"],
}
_OF_THE_ANSWER = {"rank", "score", "similarity", "photo", "reasons"}
_ASKED_PRODUCT = {
    **{name: value for name, value in _RECOMMENDATION.items() if name not in _OF_THE_ANSWER},
    "brand": None,
    "colours": ["red"],
    "sizes": ["S", "M"],
    "materials": ["cotton"],
    "photos": [_RECOMMENDATION["photo"]],
}
_WISH = {
    "prompt": "red summer dress",
    "num_results": 5,
    "filter": {"and": [{"category": {"in": ["dress"]}}, {"price": {"lte": 80}}]},
}
_ANSWER = {
    "recommendation_id": "rec_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "data": [_RECOMMENDATION],
    "product": None,
    "used_inputs": ["prompt", "filter"],
    "prompt_chunks": 1,
    "model": {"checkpoint": "mini", "revision": "6f0c2a1b9d3e"},
    "timing_ms": {"embed": 4.1, "search": 3.2, "total": 9.0},
}


class RecommendationWish(BaseModel):
    """What a shopper wants who shows a photo."""

    model_config = given(_WISH)

    prompt: Prompt | None = Field(default=None, description="Words beside the photo, such as “in green”")
    num_results: NumResults = Field(default=RESULTS_DEFAULT, description="How many products, best first")
    filter: Clause | None = Field(default=None, description="Only products that fit; at most 50 clauses")
    min_score: float | None = Field(default=None, ge=-1, le=1, description="Only products with at least this score")


class RecommendationRequest(RecommendationWish):
    """What a shopper wants."""

    model_config = given(_WISH)

    prompt: Prompt = Field(description=f"At most {PROMPT_CHARACTERS_MAX:,} characters, in the shopper's words")  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


class ShownPhoto(BaseModel):
    """A photo of a product, for pages."""

    model_config = told(_RECOMMENDATION["photo"])  # pyright: ignore[reportArgumentType]

    id: str = Field(description="`pho_…`")
    url: str = Field(description="Signed; at most 960 pixels wide or high")
    thumbnail_url: str = Field(description="Signed; at most 320 pixels wide or high")


class Recommendation(BaseModel):
    """One product."""

    model_config = told(_RECOMMENDATION)

    product_id: str = Field(description="`prd_…`")
    external_id: str | None = Field(description="The shop's own id")
    rank: int = Field(description="From 1, best first")
    score: float = Field(description="What the order follows")
    similarity: float = Field(description="Cosine of the embedding of what was asked and the photo's, -1 to 1")
    name: str = Field(description="What people call it")
    description: str = Field(description="For people")
    category: str | None = Field(description="Name of the category")
    style: str | None = Field(description="Name of the style")
    age_group: str | None = Field(description="Name of the age group")
    price: Money | None = Field(description="What it costs")
    sale_price: Money | None = Field(description="What it costs for now")
    availability: str = Field(description="Whether it can be bought")
    url: str | None = Field(description="Its page in the shop")
    photo: ShownPhoto = Field(description="The photo that fits best")
    reasons: list[str] = Field(description="What the prompt names and the product has")


class AskedProduct(BaseModel):
    """The product that was asked about, as far as shoppers may know it."""

    model_config = told(_ASKED_PRODUCT)

    product_id: str = Field(description="`prd_…`")
    external_id: str | None = Field(description="The shop's own id")
    name: str = Field(description="What people call it")
    description: str = Field(description="For people")
    category: str | None = Field(description="Name of the category")
    style: str | None = Field(description="Name of the style")
    age_group: str | None = Field(description="Name of the age group")
    brand: str | None = Field(description="Who made it")
    colours: list[str] = Field(description="As the shop wrote them")
    sizes: list[str] = Field(description="As the shop wrote them")
    materials: list[str] = Field(description="As the shop wrote them")
    price: Money | None = Field(description="What it costs")
    sale_price: Money | None = Field(description="What it costs for now")
    availability: str = Field(description="Whether it can be bought")
    url: str | None = Field(description="Its page in the shop")
    photos: list[ShownPhoto] = Field(description="In their order, without those that failed")


class Model(BaseModel):
    """The CLIP weights that answered."""

    model_config = told({"checkpoint": "mini", "revision": "6f0c2a1b9d3e"})

    checkpoint: str = Field(description="Their name")
    revision: str = Field(description="Their exact version")


class Timing(BaseModel):
    """Milliseconds; also in Server-Timing."""

    model_config = told({"embed": 4.1, "search": 3.2, "total": 9.0})

    embed: float = Field(description="Embedding the prompt or the photo")
    search: float = Field(description="Finding the photos and their products")
    total: float = Field(description="All of it, but the network")


class RecommendationAnswer(BaseModel):
    """Products, best first: as many as were asked for where the shop has that many."""

    model_config = told(_ANSWER)

    recommendation_id: str = Field(description="`rec_…`")
    data: list[Recommendation] = Field(description="Empty for an empty shop")
    product: AskedProduct | None = Field(description="What the products are similar to; null for a prompt or a photo")
    used_inputs: list[str] = Field(description="Which parts of the request were used")
    prompt_chunks: int = Field(description="Into how many parts of at most 77 tokens the prompt was split")
    model: Model = Field(description="The CLIP weights that answered")
    timing_ms: Timing = Field(description="Where the time went")


class PromptAnswer(BaseModel):
    """A prompt that a shopper asked."""

    model_config = told(
        {
            "id": "prm_01939f3ce3b17a0fb2f9a2f64d0a5c11",
            "prompt": "red summer dress",
            "num_results": 5,
            "returned": 5,
            "created_at": "2026-11-22T10:00:00Z",
        }
    )

    id: str = Field(description="`prm_…`")
    prompt: str = Field(description="In the shopper's words")
    num_results: int = Field(description="How many products were asked for")
    returned: int = Field(description="How many were found")
    created_at: datetime = Field(description="When")


class PromptPage(BaseModel):
    """Some of the prompts, newest first."""

    model_config = told({"data": [], "has_more": False, "next_cursor": None})

    data: list[PromptAnswer] = Field(description="The prompts")
    has_more: bool = Field(description="Whether another page follows")
    next_cursor: str | None = Field(description="The `cursor` of the next page")
