"""What shoppers asked."""

from fastapi import APIRouter

from api import cursors
from api.deps import Db, PageOf, Secret
from api.ids import public
from api.schemas.recommendations import PromptAnswer, PromptPage
from db import prompts

router = APIRouter(tags=["recommendations"])


@router.get("/v1/prompts")
async def list_prompts(caller: Secret, db: Db, page: PageOf) -> PromptPage:
    """What shoppers asked, how many products they wanted and got, newest first."""
    after = cursors.decode("prompts", page.cursor)
    rows = await prompts.page(db, caller.shop_id, after=after, limit=page.limit + 1)
    found, cursor = cursors.cut("prompts", rows, page.limit, lambda prompt: prompt.id)
    return PromptPage(data=[_answer(prompt) for prompt in found], has_more=cursor is not None, next_cursor=cursor)


def _answer(found: prompts.Prompt) -> PromptAnswer:
    return PromptAnswer(
        id=public("prm", found.id),
        prompt=found.prompt,
        num_results=found.num_results,
        returned=found.returned,
        created_at=found.created_at,
    )
