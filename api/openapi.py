"""Words of the API reference that belong to no single route."""

from typing import Any

from api.schemas.problem import Problem

DESCRIPTION = """
Shops upload photos of what they sell; shoppers get recommendations for a prompt such as “red summer dress”.

**Keys.** `Authorization: Bearer fm_sk_…` (or `X-API-Key`). Secret keys belong on servers. Publishable keys (`fm_pk_…`)
may be seen in pages: they only ask for recommendations, from the key's `allowed_origins`.

**Errors** are `application/problem+json` (RFC 9457); every `code` is explained under [/docs/problems](/docs/problems).

**Lists** take `limit` (at most 200) and `cursor`, and answer `data`, `has_more`, `next_cursor`.

**Repeats.** `Idempotency-Key` on a POST that creates: a repeat within 24 hours gets the first answer, with
`Idempotent-Replayed: true`. A key that was shown in the first answer is null in the repeat. An upload that waited
(`Prefer: wait`) is repeated as it was first accepted: 202.

**Conditions.** Products carry an `ETag`; `If-Match` refuses a change of what has changed meanwhile (412), `If-None-Match`
saves the body of what has not (304).

**Limits.** `RateLimit` and `RateLimit-Policy` say how much a key may still ask; 429 and 503 say when to come back in
`Retry-After`. JSON bodies have at most 1 MiB, batches 4 MiB, uploads 64 MiB.
"""

TAGS: list[dict[str, Any]] = [
    {"name": "recommendations", "description": "What shoppers want"},
    {"name": "products", "description": "What a shop sells"},
    {"name": "photos", "description": "Photos of products"},
    {"name": "taxonomy", "description": "A shop's categories, styles and age groups"},
    {"name": "shops", "description": "The shops of this deployment"},
    {"name": "keys", "description": "A shop's api keys"},
    {"name": "operations", "description": "How it is doing"},
    {"name": "seed", "description": "The routes of FitMatchFinder, for clients written for it; use /v1 for new ones"},
]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "model": Problem,
        "description": "The request cannot be done as it is; `code` says why",
        "content": {"application/problem+json": {}},
    },
    "5XX": {
        "model": Problem,
        "description": "The service cannot do it now",
        "content": {"application/problem+json": {}},
    },
}
