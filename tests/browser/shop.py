"""What the pages look at: a shop of the running system, filled over HTTP from the sample catalogue."""

import csv
from dataclasses import dataclass

from tests.e2e.client import SAMPLES, Shop, bearer, json, sample


@dataclass(frozen=True)
class Sample:
    """A row of the catalogue, as far as the page shows it."""

    external_id: str
    name: str
    description: str
    category: str
    style: str
    age_group: str
    price: str
    currency: str
    availability: str


@dataclass(frozen=True)
class Filled:
    """A shop with products of five categories, more than the page asks for."""

    shop: Shop
    key: str
    products: tuple[Sample, ...]

    @property
    def url(self) -> str:
        return address(self.shop)

    @property
    def page(self) -> str:
        return f"{self.url}/?key={self.key}"

    def named(self, name: str) -> Sample:
        return next(product for product in self.products if product.name == name)


def fill(shop: Shop) -> Filled:
    """Returns when every product can be recommended."""
    products = catalogue(dress=8, shoes=6, shirt=6, pants=6, outwear=6)
    for product in products:
        shop.upload(sample(product.external_id), **vars(product))
    index = shop.wait_until_settled()
    assert (index["ready"], index["failed"]) == (len(products), 0)
    return Filled(shop, publishable_key(shop)[1], products)


def catalogue(**how_many: int) -> tuple[Sample, ...]:
    """The first products of each category: `catalogue(dress=3, shoes=2)`."""
    with (SAMPLES / "catalogue.csv").open(encoding="utf-8", newline="") as lines:
        rows = [Sample(**{name: row[name] for name in Sample.__annotations__}) for row in csv.DictReader(lines)]
    return tuple(
        row for category, count in how_many.items() for row in [r for r in rows if r.category == category][:count]
    )


def publishable_key(shop: Shop) -> tuple[str, str]:
    """Its id and the key itself, for pages of this very server."""
    wanted = {"name": "storefront", "kind": "publishable", "allowed_origins": [address(shop)]}
    made = json(shop.http.post("/v1/keys", json=wanted), 201)
    return made["id"], made["key"]


def rename(shop: Shop, operator_token: str, name: str) -> str:
    """As the operator calls it from now on; the name."""
    json(shop.http.patch(f"/v1/shops/{shop.id}", json={"name": name}, headers=bearer(operator_token)))
    return name


def address(shop: Shop) -> str:
    return str(shop.http.base_url).rstrip("/")
