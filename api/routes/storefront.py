"""The shop as a shopper's page opens it."""

from fastapi import APIRouter

from api import answers
from api.deps import AnyKey, PartsOf
from api.schemas.storefront import StorefrontAnswer

router = APIRouter(tags=["recommendations"])


@router.get("/v1/storefront")
async def get_storefront(caller: AnyKey, parts: PartsOf) -> StorefrontAnswer:
    """What a page shows before anybody has asked: choices for filters, and popular prompts. At most 30 s old."""
    return answers.storefront(await parts.storefronts.of(caller.shop_id))
