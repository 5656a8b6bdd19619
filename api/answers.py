"""From records to the bodies that callers get."""

from datetime import UTC, datetime
from hashlib import sha256

from fastapi import Response
from pydantic import BaseModel

from api.ids import Prefix, public
from api.schemas.keys import KeyAnswer
from api.schemas.money import Money
from api.schemas.operations import IndexAnswer, ProductStatuses
from api.schemas.product_answers import PhotoAnswer, PhotoError, ProductAnswer
from api.schemas.shops import ShopAnswer
from api.schemas.storefront import AvailabilityCounts, PriceRange, StorefrontAnswer, StorefrontShop, TermChoice
from api.schemas.terms import TermAnswer
from api.signatures import Addresses
from api.storefronts import Storefront
from db.keys import PREFIXES, Key
from db.photos import Photo
from db.products import Counts, Product, Status
from db.shops import Shop
from db.storefront import Counted
from db.terms import Kind, Term
from db.usage import Today

TERM_PREFIXES: dict[Kind, Prefix] = {"category": "cat", "style": "sty", "age_group": "age"}
UNDER_WAY = ("queued", "embedding")


def json(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body.model_dump_json().encode(), status, headers, "application/json")


def shop(found: Shop) -> ShopAnswer:
    return ShopAnswer(
        id=public("shp", found.id),
        name=found.name,
        status="suspended" if found.suspended_at else "active",
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def key(found: Key) -> KeyAnswer:
    expired = found.expires_at is not None and found.expires_at <= datetime.now(UTC)
    return KeyAnswer(
        id=public("key", found.id),
        name=found.name,
        kind=found.kind,
        prefix=PREFIXES[found.kind],
        last4=found.last4,
        allowed_origins=list(found.allowed_origins),
        rate_limit=found.rate_limit,
        expires_at=found.expires_at,
        revoked_at=found.revoked_at,
        last_used_at=found.last_used_at,
        created_at=found.created_at,
        status="revoked" if found.revoked_at else "expired" if expired else "active",
    )


def term(found: Term) -> TermAnswer:
    return TermAnswer(
        id=public(TERM_PREFIXES[found.kind], found.id),
        name=found.name,
        description=found.description,
        product_count=found.product_count,
        created_at=found.created_at,
    )


def product(found: Product, addresses: Addresses) -> ProductAnswer:
    fields = found.fields
    return ProductAnswer(
        id=public("prd", found.id),
        external_id=fields.external_id,
        group_id=fields.group_id,
        name=fields.name,
        description=fields.description,
        category=found.category,
        style=found.style,
        age_group=found.age_group,
        gender=fields.gender,
        brand=fields.brand,
        colours=list(fields.colours),
        sizes=list(fields.sizes),
        materials=list(fields.materials),
        price=price(found),
        sale_price=sale_price(found),
        availability=fields.availability,
        url=fields.url,
        tags=list(fields.tags),
        attributes=fields.attributes or {},
        photos=[photo(one, addresses) for one in found.photos],
        status=found.status,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def price(found: Product) -> Money | None:
    amount, currency = found.fields.price, found.fields.currency
    return None if amount is None or currency is None else Money(amount=amount, currency=currency)


def sale_price(found: Product) -> Money | None:
    amount, currency = found.fields.sale_price, found.fields.currency
    return None if amount is None or currency is None else Money(amount=amount, currency=currency)


def photo(found: Photo, addresses: Addresses) -> PhotoAnswer:
    failed = found.status == "failed"
    return PhotoAnswer(
        id=public("pho", found.id),
        url=addresses.of(found.shop_id, found.id, "medium"),
        thumbnail_url=addresses.of(found.shop_id, found.id, "thumb"),
        original_url=addresses.of(found.shop_id, found.id, "original"),
        position=found.position,
        width=found.width,
        height=found.height,
        status=found.status,
        error=PhotoError(code=found.error_code or "embedding_failed", detail=found.error_detail or "")
        if failed
        else None,
    )


def product_response(found: Product, addresses: Addresses, status: int = 200) -> Response:
    body = product(found, addresses).model_dump_json().encode()
    headers = {"ETag": _etag(found, body), "Cache-Control": "private, no-cache"}
    if status in (201, 202):
        headers["Location"] = f"/v1/products/{public('prd', found.id)}"
    return Response(body, status, headers, "application/json")


def _etag(found: Product, body: bytes) -> str:
    """The revision, for If-Match, and the body, for If-None-Match: photos become ready, terms get other names and
    addresses change without a new revision."""
    return f'"{found.revision}-{sha256(body).hexdigest()[:16]}"'


def created_status(found: Product) -> int:
    return 202 if found.status in UNDER_WAY else 201


def index(counts: Counts, statuses: dict[Status, int], today: Today, checkpoint: str) -> IndexAnswer:
    return IndexAnswer(
        products=counts.products,
        photos=counts.photos,
        ready=counts.ready,
        queued=counts.queued,
        failed=counts.failed,
        checkpoint=checkpoint,
        statuses=ProductStatuses(**statuses),
        embedded_today=today.photos_embedded,
        prompts_today=today.prompts,
        oldest_queued_age_s=today.oldest_job_age_s,
    )


def storefront(found: Storefront) -> StorefrontAnswer:
    offer = found.offer
    return StorefrontAnswer(
        shop=StorefrontShop(name=found.shop_name),
        categories=_choices(offer.categories),
        styles=_choices(offer.styles),
        age_groups=_choices(offer.age_groups),
        prices=[PriceRange(currency=one.currency, min=one.lowest, max=one.highest) for one in offer.prices],
        availability=AvailabilityCounts(**{one.name: one.products for one in offer.availability}),
        popular_prompts=list(found.popular_prompts),
    )


def _choices(counted: tuple[Counted, ...]) -> list[TermChoice]:
    return [TermChoice(name=one.name, product_count=one.products) for one in counted]
