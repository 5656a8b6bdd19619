"""What a shop's storefront shows before anybody has asked: which products there are, by what they can be told apart."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg

from db.postgres import Db

GROUPS_MAX = 100
"""Categories, styles, age groups and currencies, each: more is no choice any more."""
PROMPTS_MAX = 12
PROMPTS_DAYS = 30
ASKED_DAYS_MIN = 3
"""Different days: whoever has the public key of a page could write on it at once otherwise."""
PROMPT_CHARACTERS_MAX = 60
PROMPTS_COUNTED_MAX = 50_000
"""The newest of a shop: counting all of a busy shop's month would keep its shoppers waiting."""
CANDIDATES_MAX = 10 * PROMPTS_MAX


@dataclass(frozen=True)
class Counted:
    """A name and how many products carry it."""

    name: str
    products: int


@dataclass(frozen=True)
class Prices:
    """What products cost in one currency now, sales included."""

    currency: str
    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True)
class Offer:
    """Of the live products that have a ready photo, most first."""

    categories: tuple[Counted, ...]
    styles: tuple[Counted, ...]
    age_groups: tuple[Counted, ...]
    availability: tuple[Counted, ...]
    prices: tuple[Prices, ...]


async def offer(db: Db, shop_id: UUID) -> Offer:
    # The fence makes Postgres look up each product's own photos. Of a shop that has grown since the last ANALYZE it
    # believes that it has no rows, and would rather read all that are ready for each product.
    rows = await db.fetch(
        """
        WITH found AS MATERIALIZED (
            SELECT p.category_id, p.style_id, p.age_group_id, p.availability, p.currency,
                coalesce(p.sale_price, p.price) AS price
            FROM products p
            WHERE p.shop_id = $1 AND p.deleted_at IS NULL AND EXISTS (
                SELECT FROM (SELECT status, deleted_at FROM photos WHERE product_id = p.id OFFSET 0) f
                WHERE f.status = 'ready' AND f.deleted_at IS NULL
            )
        ), counted AS (
            SELECT coalesce(category_id, style_id, age_group_id) AS term_id, availability, currency,
                count(*) AS products, min(price) AS lowest, max(price) AS highest
            FROM found
            GROUP BY GROUPING SETS ((category_id), (style_id), (age_group_id), (availability), (currency))
        ), named AS (
            SELECT coalesce(t.kind, CASE WHEN c.availability IS NULL THEN 'currency' ELSE 'availability' END) AS kind,
                coalesce(t.name, c.availability, c.currency) AS name, c.products, c.lowest, c.highest
            FROM counted c LEFT JOIN terms t ON t.id = c.term_id AND t.shop_id = $1
        )
        SELECT kind, name, products, lowest, highest FROM (
            SELECT kind, name, products, lowest, highest,
                row_number() OVER (PARTITION BY kind ORDER BY products DESC, name) AS place
            FROM named WHERE name IS NOT NULL
        ) placed
        WHERE place <= $2 ORDER BY kind, place
        """,
        shop_id,
        GROUPS_MAX,
    )
    return Offer(
        categories=_counted(rows, "category"),
        styles=_counted(rows, "style"),
        age_groups=_counted(rows, "age_group"),
        availability=_counted(rows, "availability"),
        prices=tuple(
            Prices(row["name"], row["lowest"], row["highest"])
            for row in rows
            if row["kind"] == "currency" and row["lowest"] is not None
        ),
    )


async def popular_prompts(db: Db, shop_id: UUID) -> tuple[str, ...]:
    """What shoppers asked most of late and found something for, each in its most frequent spelling.

    Nothing long, no digits and no addresses: what a shopper typed must not give the shopper away.
    """
    rows = await db.fetch(
        """
        WITH newest AS MATERIALIZED (
            SELECT id, prompt, returned, created_at FROM prompts WHERE shop_id = $1 ORDER BY id DESC LIMIT $2
        )
        SELECT mode() WITHIN GROUP (ORDER BY prompt) AS prompt FROM newest
        WHERE created_at > now() - $3::interval AND returned > 0 AND char_length(prompt) <= $4 AND prompt !~ '[0-9@]'
        GROUP BY lower(prompt) HAVING count(DISTINCT (created_at AT TIME ZONE 'UTC')::date) >= $5
        ORDER BY count(*) DESC, max(id::text) DESC LIMIT $6
        """,
        shop_id,
        PROMPTS_COUNTED_MAX,
        timedelta(days=PROMPTS_DAYS),
        PROMPT_CHARACTERS_MAX,
        ASKED_DAYS_MIN,
        CANDIDATES_MAX,
    )
    return tuple(prompt for prompt in (row["prompt"] for row in rows) if not _gives_away(prompt))[:PROMPTS_MAX]


def _counted(rows: Iterable[asyncpg.Record], kind: str) -> tuple[Counted, ...]:
    return tuple(Counted(row["name"], row["products"]) for row in rows if row["kind"] == kind)


def _gives_away(prompt: str) -> bool:
    """Digits of any script and the wide @ of East Asian keyboards: Postgres knows them in some locales only."""
    return any(character.isdigit() or character == "@" for character in unicodedata.normalize("NFKC", prompt))
