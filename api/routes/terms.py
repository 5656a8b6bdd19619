"""A shop's taxonomy: three families of the same routes."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import answers, cursors
from api.answers import TERM_PREFIXES, json
from api.deps import Db, PageOf, Secret
from api.ids import parse, public
from api.once import Fingerprint, OnceOf
from api.schemas.terms import NewTerm, TermAnswer, TermPage, TermPatch
from db import terms
from db.postgres import Connection
from db.terms import Kind

FAMILIES: dict[Kind, tuple[str, str, str]] = {
    "category": ("/v1/categories", "category", "categories"),
    "style": ("/v1/styles", "style", "styles"),
    "age_group": ("/v1/age-groups", "age group", "age groups"),
}

router = APIRouter(tags=["taxonomy"])


def _add_family(kind: Kind) -> None:
    path, one, many = FAMILIES[kind]
    prefix = TERM_PREFIXES[kind]

    async def create(caller: Secret, new: NewTerm, once: OnceOf, fingerprint: Fingerprint) -> Response:
        async def work(db: Connection) -> Response:
            term = await terms.add(db, caller.shop_id, kind, name=new.name, description=new.description)
            return json(answers.term(term), 201, {"Location": f"{path}/{public(prefix, term.id)}"})

        return await once.run(work, fingerprint=fingerprint)

    async def list_all(caller: Secret, db: Db, page: PageOf) -> TermPage:
        after = cursors.decode(kind, page.cursor)
        rows = await terms.page(db, caller.shop_id, kind, after=after, limit=page.limit + 1)
        found, cursor = cursors.cut(kind, rows, page.limit, lambda term: term.id)
        return TermPage(data=[answers.term(term) for term in found], has_more=cursor is not None, next_cursor=cursor)

    async def get(caller: Secret, db: Db, term_id: str) -> TermAnswer:
        return answers.term(await terms.get(db, caller.shop_id, kind, parse(prefix, term_id)))

    async def change(caller: Secret, db: Db, term_id: str, given: TermPatch) -> TermAnswer:
        old = await terms.get(db, caller.shop_id, kind, parse(prefix, term_id))
        name = given.name if "name" in given.model_fields_set else old.name
        description = given.description if "description" in given.model_fields_set else old.description
        return answers.term(await terms.change(db, caller.shop_id, kind, old.id, name=name, description=description))

    async def delete(
        caller: Secret,
        db: Db,
        term_id: str,
        reassign_to: Annotated[str | None, Query(description="Id of the one that its products get instead")] = None,
    ) -> None:
        other = parse(prefix, reassign_to) if reassign_to else None
        await terms.delete(db, caller.shop_id, kind, parse(prefix, term_id), reassign_to=other)

    ids = one.replace(" ", "_")
    router.post(
        path, status_code=201, response_model=TermAnswer, operation_id=f"create_{ids}", summary=f"Create a {one}",
        description=f"Creates a {one}. Names are unique in the shop without regard to case (409 `taken`).",
    )(create)  # fmt: skip
    router.get(
        path, operation_id=f"list_{many.replace(' ', '_')}", summary=f"List {many}",
        description=f"The shop's {many}, oldest first. A new shop has some to begin with.",
    )(list_all)  # fmt: skip
    router.get(
        path + "/{term_id}", operation_id=f"get_{ids}", summary=f"Get a {one}", description=f"One {one}."
    )(get)  # fmt: skip
    router.patch(
        path + "/{term_id}", operation_id=f"change_{ids}", summary=f"Change a {one}",
        description=f"Changes the name or description of a {one}; its products follow.",
    )(change)  # fmt: skip
    router.delete(
        path + "/{term_id}", status_code=204, operation_id=f"delete_{ids}", summary=f"Delete a {one}",
        description=f"Deletes a {one}. While products carry it: 409 `in_use`, unless `reassign_to` names another.",
    )(delete)  # fmt: skip


for _kind in FAMILIES:
    _add_family(_kind)
