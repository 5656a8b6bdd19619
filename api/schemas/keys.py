"""Api keys."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from api.schemas.text import Name, given, told

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")
GRACE_S_MAX = 30 * 24 * 3600
YEAR_MIN, YEAR_MAX = 2000, 9000
"""At the ends of the calendar a time has no UTC."""

_KEY = {
    "id": "key_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "name": "web shop",
    "kind": "publishable",
    "prefix": "fm_pk_",
    "last4": "x7Qa",
    "allowed_origins": ["https://shop.example"],
    "rate_limit": None,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-11-22T10:00:00Z",
    "created_at": "2026-11-22T10:00:00Z",
    "status": "active",
}


def _exact(origin: str) -> str:
    origin = origin.lower()
    if not ORIGIN.fullmatch(origin):
        raise ValueError("An origin is a scheme and a host, such as https://shop.example, without a path or wildcard.")
    return origin


def _storable(time: datetime) -> datetime:
    if not YEAR_MIN <= time.year <= YEAR_MAX:
        raise ValueError(f"A key ends between the years {YEAR_MIN} and {YEAR_MAX}; null: never.")
    return time


Expiry = Annotated[AwareDatetime, AfterValidator(_storable)]
Origin = Annotated[str, AfterValidator(_exact), Field(max_length=300)]


class NewKey(BaseModel):
    """A key to create."""

    model_config = given({"name": "web shop", "kind": "publishable", "allowed_origins": ["https://shop.example"]})

    name: Name = Field(description="What you call it")
    kind: Literal["secret", "publishable"] = Field(
        description="`secret` for servers; `publishable` for pages: it may only ask for recommendations"
    )
    allowed_origins: list[Origin] = Field(
        default=[], max_length=100, description="Pages that may use a publishable key, each exactly as browsers send it"
    )
    expires_at: Expiry | None = Field(default=None, description="When it ends by itself")
    rate_limit: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Requests a minute; null takes 6,000 (secret) or 600 (publishable)",
    )


class KeyPatch(BaseModel):
    """What may change of a key; a field that is left out stays."""

    model_config = given({"name": "web shop, new theme", "allowed_origins": ["https://shop.example"]})

    name: Name = Field(default="", description="What you call it")
    allowed_origins: list[Origin] = Field(default=[], max_length=100, description="The new list")
    expires_at: Expiry | None = Field(default=None, description="When it ends by itself; null: never")
    rate_limit: int | None = Field(default=None, ge=1, le=1_000_000, description="Requests a minute; null: the default")


class Rotation(BaseModel):
    """How a key is replaced."""

    model_config = given({"grace_s": 86400})

    grace_s: int = Field(default=0, ge=0, le=GRACE_S_MAX, description="Seconds for which the old key still works")


class KeyAnswer(BaseModel):
    """A key, without the key itself."""

    model_config = told(_KEY)

    id: str = Field(description="`key_…`")
    name: str = Field(description="What you call it")
    kind: Literal["secret", "publishable"] = Field(description="Who may hold it")
    prefix: str = Field(description="How it begins")
    last4: str = Field(description="How it ends")
    allowed_origins: list[str] = Field(description="Pages that may use it")
    rate_limit: int | None = Field(description="Requests a minute; null: the default of its kind")
    expires_at: datetime | None = Field(description="When it ends by itself")
    revoked_at: datetime | None = Field(description="When it was revoked")
    last_used_at: datetime | None = Field(description="Its last use, to the minute")
    created_at: datetime = Field(description="When it was created")
    status: Literal["active", "expired", "revoked"] = Field(description="Whether it works")


class CreatedKey(KeyAnswer):
    """A new key."""

    model_config = told({**_KEY, "key": "fm_pk_…"})

    key: str | None = Field(description="Shown this once; null when the answer is a replay")


class KeyPage(BaseModel):
    """Some of the shop's keys, oldest first."""

    model_config = told({"data": [_KEY], "has_more": False, "next_cursor": None})

    data: list[KeyAnswer] = Field(description="The keys")
    has_more: bool = Field(description="Whether another page follows")
    next_cursor: str | None = Field(description="The `cursor` of the next page")
