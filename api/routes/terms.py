"""A shop's taxonomy: three families of the same routes."""

from dataclasses import dataclass
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

router = APIRouter(tags=["taxonomy"])


@dataclass(frozen=True)
class Family:
    """One kind of term, with its path and its words for the API reference."""

    kind: Kind
    path: str
    one: str
    many: str

    def named(self, verb: str, *, plural: bool = False) -> str:
        """`create_age_group`, `list_age_groups`."""
        return f"{verb}_{self.many if plural else self.one}".replace(" ", "_")


FAMILIES = (
    Family("category", "/v1/categories", "category", "categories"),
    Family("style", "/v1/styles", "style", "styles"),
    Family("age_group", "/v1/age-groups", "age group", "age groups"),
)


def _add_list_and_create(family: Family) -> None:
    kind, path, one, many = family.kind, family.path, family.one, family.many

    @router.post(
        path,
        status_code=201,
        response_model=TermAnswer,
        operation_id=family.named("create"),
        summary=f"Create: {one}",
        description=f"Creates one of the {many}. Names are unique in the shop without regard to case (409 `taken`).",
    )
    async def create(caller: Secret, new: NewTerm, once: OnceOf, fingerprint: Fingerprint) -> Response:  # pyright: ignore[reportUnusedFunction]
        async def work(db: Connection) -> Response:
            term = await terms.add(db, caller.shop_id, kind, name=new.name, description=new.description)
            return json(answers.term(term), 201, {"Location": f"{path}/{public(TERM_PREFIXES[kind], term.id)}"})

        return await once.run(work, fingerprint=fingerprint)

    @router.get(
        path,
        operation_id=family.named("list", plural=True),
        summary=f"List: {many}",
        description=f"The shop's {many}, oldest first. A new shop has some to begin with.",
    )
    async def list_all(caller: Secret, db: Db, page: PageOf) -> TermPage:  # pyright: ignore[reportUnusedFunction]
        after = cursors.decode(kind, page.cursor)
        rows = await terms.page(db, caller.shop_id, kind, after=after, limit=page.limit + 1)
        found, cursor = cursors.cut(kind, rows, page.limit, lambda term: term.id)
        return TermPage(data=[answers.term(term) for term in found], has_more=cursor is not None, next_cursor=cursor)


def _add_get_and_change(family: Family) -> None:
    kind, prefix, one = family.kind, TERM_PREFIXES[family.kind], family.one

    @router.get(
        family.path + "/{term_id}",
        operation_id=family.named("get"),
        summary=f"Get: {one}",
        description=f"One of the {family.many}, with the number of products that carry it.",
    )
    async def get(caller: Secret, db: Db, term_id: str) -> TermAnswer:  # pyright: ignore[reportUnusedFunction]
        return answers.term(await terms.get(db, caller.shop_id, kind, parse(prefix, term_id)))

    @router.patch(
        family.path + "/{term_id}",
        operation_id=family.named("change"),
        summary=f"Change: {one}",
        description="Changes the name or the description; the products that carry it follow.",
    )
    async def change(caller: Secret, db: Db, term_id: str, given: TermPatch) -> TermAnswer:  # pyright: ignore[reportUnusedFunction]
        old = await terms.get(db, caller.shop_id, kind, parse(prefix, term_id))
        name = given.name if "name" in given.model_fields_set else old.name
        description = given.description if "description" in given.model_fields_set else old.description
        return answers.term(await terms.change(db, caller.shop_id, kind, old.id, name=name, description=description))


def _add_delete(family: Family) -> None:
    kind, prefix = family.kind, TERM_PREFIXES[family.kind]

    @router.delete(
        family.path + "/{term_id}",
        status_code=204,
        operation_id=family.named("delete"),
        summary=f"Delete: {family.one}",
        description="Deletes it. While products carry it: 409 `in_use`, unless `reassign_to` names another one.",
    )
    async def delete(  # pyright: ignore[reportUnusedFunction]
        caller: Secret,
        db: Db,
        term_id: str,
        reassign_to: Annotated[str | None, Query(description="Id of the one that its products get instead")] = None,
    ) -> None:
        other = parse(prefix, reassign_to) if reassign_to else None
        await terms.delete(db, caller.shop_id, kind, parse(prefix, term_id), reassign_to=other)


for _family in FAMILIES:
    _add_list_and_create(_family)
    _add_get_and_change(_family)
    _add_delete(_family)
