"""A shop's api keys."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Response

from api import answers, cursors
from api.answers import json
from api.deps import Db, PageOf, PartsOf, Secret
from api.errors import FieldProblem, InvalidFields
from api.ids import parse, public
from api.once import Fingerprint, OnceOf
from api.schemas.keys import CreatedKey, KeyAnswer, KeyPage, KeyPatch, NewKey, Rotation
from db import keys
from db.postgres import Connection

router = APIRouter(tags=["keys"])


@router.post("/v1/keys", status_code=201, response_model=CreatedKey)
async def create_key(caller: Secret, new: NewKey, once: OnceOf, fingerprint: Fingerprint) -> Response:
    """Creates a key, which is shown this once."""
    wanted = keys.NewKey(new.name, new.kind, tuple(new.allowed_origins), new.rate_limit, new.expires_at)
    _check_origins(wanted)

    async def work(db: Connection) -> Response:
        return _created(*await keys.add(db, caller.shop_id, wanted))

    return await once.run(work, fingerprint=fingerprint, hide="key")


@router.get("/v1/keys")
async def list_keys(caller: Secret, db: Db, page: PageOf) -> KeyPage:
    """The shop's keys, revoked and expired ones too, oldest first."""
    after = cursors.decode("keys", page.cursor)
    rows = await keys.page(db, caller.shop_id, after=after, limit=page.limit + 1)
    found, cursor = cursors.cut("keys", rows, page.limit, lambda key: key.id)
    return KeyPage(data=[answers.key(key) for key in found], has_more=cursor is not None, next_cursor=cursor)


@router.get("/v1/keys/{key_id}")
async def get_key(caller: Secret, db: Db, key_id: str) -> KeyAnswer:
    """One key."""
    return answers.key(await keys.get(db, caller.shop_id, parse("key", key_id)))


@router.patch("/v1/keys/{key_id}")
async def change_key(caller: Secret, db: Db, parts: PartsOf, key_id: str, given: KeyPatch) -> KeyAnswer:
    """Changes a key's name, origins, expiry or limit. Other replicas follow within 5 s."""
    old = await keys.get(db, caller.shop_id, parse("key", key_id))
    named = keys.NewKey(old.name, old.kind, old.allowed_origins, old.rate_limit, old.expires_at)
    wanted = replace(named, **given.model_dump(include=given.model_fields_set))
    wanted = replace(wanted, allowed_origins=tuple(wanted.allowed_origins))
    _check_origins(wanted)
    changed = await keys.change(db, caller.shop_id, old.id, wanted)
    parts.keys.forget(old.id)
    return answers.key(changed)


@router.post("/v1/keys/{key_id}/rotate", status_code=201, response_model=CreatedKey)
async def rotate_key(
    caller: Secret,
    parts: PartsOf,
    key_id: str,
    once: OnceOf,
    fingerprint: Fingerprint,
    given: Annotated[Rotation | None, Body()] = None,
) -> Response:
    """Creates a key like this one and ends this one, at once or after `grace_s` seconds."""
    old_id = parse("key", key_id)
    grace_s = given.grace_s if given else 0

    async def work(db: Connection) -> Response:
        old = await keys.get(db, caller.shop_id, old_id)
        like = keys.NewKey(old.name, old.kind, old.allowed_origins, old.rate_limit)
        created = _created(*await keys.add(db, caller.shop_id, like))
        await keys.revoke(db, caller.shop_id, old_id, grace_s=grace_s)
        return created

    answer = await once.run(work, fingerprint=fingerprint, hide="key")
    parts.keys.forget(old_id)
    return answer


@router.post("/v1/keys/{key_id}/revoke")
async def revoke_key(caller: Secret, db: Db, parts: PartsOf, key_id: str) -> KeyAnswer:
    """Ends a key within 5 s, for good. It stays in the list."""
    revoked = await keys.revoke(db, caller.shop_id, parse("key", key_id))
    parts.keys.forget(revoked.id)
    return answers.key(revoked)


@router.delete("/v1/keys/{key_id}", status_code=204)
async def delete_key(caller: Secret, db: Db, parts: PartsOf, key_id: str) -> None:
    """Ends a key within 5 s and takes it off the list. No data is deleted."""
    await keys.delete(db, caller.shop_id, parse("key", key_id))
    parts.keys.forget(parse("key", key_id))


def _created(key: keys.Key, text: str) -> Response:
    body = CreatedKey(**answers.key(key).model_dump(), key=text)
    return json(body, 201, {"Location": f"/v1/keys/{public('key', key.id)}"})


def _check_origins(wanted: keys.NewKey) -> None:
    if wanted.kind == "secret" and wanted.allowed_origins:
        raise InvalidFields(
            (FieldProblem("/allowed_origins", "not_for_secret_keys", "Pages must not hold secret keys: no origins."),)
        )
