"""Shops and their taxonomy over HTTP."""

import httpx
import pytest

from tests.integration.conftest import ShopClient

FAMILIES = ["/v1/categories", "/v1/styles", "/v1/age-groups"]


async def test_a_new_shop_has_a_key_and_a_taxonomy(operator: httpx.AsyncClient, shop: ShopClient) -> None:
    created = await operator.post("/v1/shops", json={"name": "Green Door"})

    assert (created.status_code, created.json()["key"][:6]) == (201, "fm_sk_")
    assert created.headers["location"] == f"/v1/shops/{created.json()['id']}"
    for family in FAMILIES:
        assert (await shop.http.get(family)).json()["data"]


async def test_the_operator_lists_renames_and_deletes_shops(operator: httpx.AsyncClient, shop: ShopClient) -> None:
    renamed = await operator.patch(f"/v1/shops/{shop.id}", json={"name": "Old Door"})
    listed = await operator.get("/v1/shops")
    deleted = await operator.delete(f"/v1/shops/{shop.id}")
    again = await operator.get(f"/v1/shops/{shop.id}")

    assert (renamed.json()["name"], listed.json()["data"][0]["name"]) == ("Old Door", "Old Door")
    assert (deleted.status_code, again.status_code) == (204, 404)


async def test_a_key_sees_its_own_shop(shop: ShopClient, other_shop: ShopClient) -> None:
    assert (await shop.http.get("/v1/shop")).json()["name"] == "Blue Door"
    assert (await other_shop.http.get("/v1/shop")).json()["name"] == "Red Door"


@pytest.mark.parametrize("family", FAMILIES)
async def test_terms_are_created_read_changed_and_deleted(shop: ShopClient, family: str) -> None:
    made = await shop.http.post(family, json={"name": "Festive"})
    path = made.headers["location"]
    changed = await shop.http.patch(path, json={"description": "For parties"})
    read = await shop.http.get(path)
    deleted = await shop.http.delete(path)

    assert (made.status_code, changed.json()["name"], read.json()["description"]) == (201, "Festive", "For parties")
    assert (deleted.status_code, (await shop.http.get(path)).status_code) == (204, 404)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_name_is_taken_without_regard_to_case_and_free_in_another_shop(
    shop: ShopClient, other_shop: ShopClient, family: str
) -> None:
    await shop.http.post(family, json={"name": "Festive"})

    assert (await shop.http.post(family, json={"name": "FESTIVE"})).json()["code"] == "taken"
    assert (await other_shop.http.post(family, json={"name": "festive"})).status_code == 201


@pytest.mark.parametrize("family", FAMILIES)
async def test_another_shops_terms_cannot_be_reached(shop: ShopClient, other_shop: ShopClient, family: str) -> None:
    path = (await other_shop.http.post(family, json={"name": "Festive"})).headers["location"]

    answers = [
        await shop.http.get(path),
        await shop.http.patch(path, json={"name": "Mine"}),
        await shop.http.delete(path),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await other_shop.http.get(path)).json()["name"] == "Festive"


async def test_a_term_in_use_goes_only_with_a_successor(shop: ShopClient) -> None:
    await shop.upload(category="dress")
    terms = {term["name"]: term["id"] for term in (await shop.http.get("/v1/categories")).json()["data"]}

    refused = await shop.http.delete(f"/v1/categories/{terms['dress']}")
    done = await shop.http.delete(f"/v1/categories/{terms['dress']}?reassign_to={terms['skirt']}")

    assert (refused.status_code, refused.json()["code"], done.status_code) == (409, "in_use", 204)
    assert (await shop.http.get("/v1/products")).json()["data"][0]["category"] == "skirt"


async def test_a_term_cannot_be_reassigned_to_another_shops(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.upload(category="dress")
    mine = {term["name"]: term["id"] for term in (await shop.http.get("/v1/categories")).json()["data"]}
    foreign = (await other_shop.http.get("/v1/categories")).json()["data"][0]["id"]

    answer = await shop.http.delete(f"/v1/categories/{mine['dress']}?reassign_to={foreign}")

    assert answer.status_code == 404


async def test_terms_are_listed_in_pages(shop: ShopClient) -> None:
    first = (await shop.http.get("/v1/styles?limit=4")).json()
    second = (await shop.http.get(f"/v1/styles?limit=4&cursor={first['next_cursor']}")).json()

    assert (len(first["data"]), first["has_more"], second["has_more"]) == (4, True, False)
    assert not {one["id"] for one in first["data"]} & {one["id"] for one in second["data"]}
