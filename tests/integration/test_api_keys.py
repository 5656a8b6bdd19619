"""Keys over HTTP."""

from tests.integration.conftest import ShopClient


async def test_a_key_is_shown_once(shop: ShopClient) -> None:
    made = (await shop.http.post("/v1/keys", json={"name": "web", "kind": "publishable"})).json()
    listed = (await shop.http.get("/v1/keys")).json()["data"]

    assert made["key"].startswith("fm_pk_")
    assert made["key"].endswith(made["last4"])
    assert [one["name"] for one in listed] == ["first key", "web"]
    assert all("key" not in one for one in listed)


async def test_a_key_can_be_changed(shop: ShopClient) -> None:
    made = (await shop.http.post("/v1/keys", json={"name": "web", "kind": "publishable", "rate_limit": 5})).json()

    changed = await shop.http.patch(
        f"/v1/keys/{made['id']}", json={"allowed_origins": ["https://Shop.Example"], "rate_limit": None}
    )

    assert (changed.json()["allowed_origins"], changed.json()["rate_limit"]) == (["https://shop.example"], None)
    assert (await shop.http.get(f"/v1/keys/{made['id']}")).json()["name"] == "web"


async def test_a_secret_key_has_no_origins(shop: ShopClient) -> None:
    answer = await shop.http.post(
        "/v1/keys", json={"name": "no", "kind": "secret", "allowed_origins": ["https://shop.example"]}
    )

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/allowed_origins")


async def test_rotation_with_grace_leaves_both_keys_working(shop: ShopClient) -> None:
    old_id = (await shop.http.get("/v1/keys")).json()["data"][0]["id"]

    new = (await shop.http.post(f"/v1/keys/{old_id}/rotate", json={"grace_s": 60})).json()

    async with shop.api.client(new["key"]) as rotated:
        assert (await rotated.get("/v1/shop")).status_code == 200
    assert (await shop.http.get("/v1/shop")).status_code == 200
    assert (await shop.http.get(f"/v1/keys/{old_id}")).json()["expires_at"] is not None


async def test_rotation_without_grace_ends_the_old_key(shop: ShopClient) -> None:
    old_id = (await shop.http.get("/v1/keys")).json()["data"][0]["id"]

    new = (await shop.http.post(f"/v1/keys/{old_id}/rotate")).json()

    assert (await shop.http.get("/v1/shop")).status_code == 401
    async with shop.api.client(new["key"]) as rotated:
        assert (await rotated.get("/v1/shop")).json()["id"] == shop.id


async def test_a_deleted_key_leaves_the_list_and_no_data_goes(shop: ShopClient) -> None:
    made = (await shop.http.post("/v1/keys", json={"name": "second", "kind": "secret"})).json()
    async with shop.api.client(made["key"]) as second:
        await second.post("/v1/products", json={"name": "Hat"})

        assert (await shop.http.delete(f"/v1/keys/{made['id']}")).status_code == 204

        assert (await second.get("/v1/products")).status_code == 401
    assert len((await shop.http.get("/v1/keys")).json()["data"]) == 1
    assert len((await shop.http.get("/v1/products")).json()["data"]) == 1


async def test_another_shops_key_cannot_be_reached(shop: ShopClient, other_shop: ShopClient) -> None:
    foreign = (await other_shop.http.get("/v1/keys")).json()["data"][0]["id"]

    answers = [
        await shop.http.get(f"/v1/keys/{foreign}"),
        await shop.http.patch(f"/v1/keys/{foreign}", json={"name": "mine"}),
        await shop.http.delete(f"/v1/keys/{foreign}"),
        await shop.http.post(f"/v1/keys/{foreign}/revoke"),
        await shop.http.post(f"/v1/keys/{foreign}/rotate"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert (await other_shop.http.get("/v1/shop")).status_code == 200
    assert len((await shop.http.get("/v1/keys")).json()["data"]) == 1
