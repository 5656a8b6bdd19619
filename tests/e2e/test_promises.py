"""What the original system promised its shops, kept on the real one: Serve, Postgres, Chroma, trained weights."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e import instance
from tests.e2e.client import Shop, bearer, json, open_shop, sample, samples
from tests.e2e.conftest import Running


@pytest.fixture
def shop(fitmatch: Running) -> Iterator[Shop]:
    made = open_shop(fitmatch.url, fitmatch.operator_token, "a shop")
    yield made
    made.http.close()


@pytest.fixture
def other_shop(fitmatch: Running) -> Iterator[Shop]:
    made = open_shop(fitmatch.url, fitmatch.operator_token, "another shop")
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def filled(fitmatch: Running) -> Shop:
    """Dresses, shoes and trousers; read only."""
    made = open_shop(fitmatch.url, fitmatch.operator_token, "a filled shop")
    for prefix, category in (("DR", "dress"), ("SH", "shirt"), ("HA", "hat")):
        for name, photo in samples(prefix, 8).items():
            made.upload(photo, external_id=name, category=category, price="20.00", currency="EUR", style="casual")
    counts = made.wait_until_settled()
    assert (counts["ready"], counts["failed"]) == (24, 0)
    return made


def test_embedding_starts_by_itself_and_its_status_is_visible(shop: Shop) -> None:
    product = shop.upload(sample("DR-001"), name="a dress")
    assert product["status"] in ("queued", "embedding")

    shop.wait_until_settled()

    seen = json(shop.http.get(f"/v1/products/{product['id']}"))
    assert seen["status"] == "ready"
    assert [photo["status"] for photo in seen["photos"]] == ["ready"]


def test_an_upload_answers_before_its_photo_is_embedded(shop: Shop) -> None:
    answers = [shop.upload(photo, external_id=name) for name, photo in samples("DR", 10).items()]

    assert {answer["status"] for answer in answers} <= {"queued", "embedding"}
    assert shop.wait_until_settled()["ready"] == 10


def test_a_photo_finds_its_own_product_first_and_its_kind_next(filled: Shop) -> None:
    answer = filled.http.post("/v1/recommendations", files={"photo": ("a.jpg", sample("SH-003"), "image/jpeg")})

    found = json(answer)
    assert found["used_inputs"] == ["photo"]
    assert found["data"][0]["external_id"] == "SH-003"
    assert found["data"][0]["similarity"] > 0.99
    assert [one["category"] for one in found["data"][:5]].count("shirt") >= 4


def test_words_beside_a_photo_take_the_search_elsewhere(filled: Shop) -> None:
    photo = ("a.jpg", sample("SH-003"), "image/jpeg")
    answer = filled.http.post("/v1/recommendations", files={"photo": photo}, data={"request": '{"prompt": "a hat"}'})

    kinds = [one["category"] for one in json(answer)["data"]]
    assert kinds[:5].count("hat") >= 3


def test_a_damaged_photo_is_named_and_the_next_one_is_answered(filled: Shop) -> None:
    whole = sample("DR-001")

    answers = [
        filled.http.post("/v1/recommendations", files={"photo": ("a.jpg", photo)})
        for photo in (whole[: len(whole) // 2], whole)
    ]

    assert json(answers[0], 422)["code"] == "photo_truncated"
    assert json(answers[1])["data"][0]["external_id"] == "DR-001"


@pytest.mark.parametrize("num_results", [1, 5, 24])
def test_a_recommendation_honours_num_results_best_first(filled: Shop, num_results: int) -> None:
    found = filled.recommend("red dress", num_results)

    assert len(found) == num_results
    assert [one["rank"] for one in found] == list(range(1, num_results + 1))
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)


def test_the_prompt_decides_what_comes_first(filled: Shop) -> None:
    for prompt, category in (("a dress", "dress"), ("a shirt", "shirt"), ("a hat", "hat")):
        found = filled.recommend(prompt, 5)
        assert [one["category"] for one in found].count(category) >= 4, prompt


def test_a_deleted_product_is_never_recommended_again(shop: Shop) -> None:
    kept = shop.upload(sample("DR-001"))
    gone = shop.upload(sample("DR-002"))
    shop.wait_until_settled()

    assert shop.http.delete(f"/v1/products/{gone['id']}").status_code == 204

    for _ in range(5):
        assert [one["product_id"] for one in shop.recommend("red dress")] == [kept["id"]]


def test_a_replaced_photo_is_embedded_again(shop: Shop) -> None:
    uploaded = {"photo": ("photo.jpg", sample("DR-001"))}
    image = json(shop.http.post("/api/images/", data={"api_key": shop.key, "name": "it"}, files=uploaded), 201)
    shop.upload(sample("DR-003"), name="a dress that stays")
    shop.wait_until_settled()
    assert len(before := shop.recommend("a hat")) == 2

    answer = shop.http.put(f"/images/{shop.key}/{image['ImageID']}/", files={"photo": ("hat.jpg", sample("HA-001"))})

    json(answer)
    shop.wait_until_settled()
    after = shop.recommend("a hat")
    assert len(after) == 2
    assert after[0]["name"] == "it"
    assert after[0]["score"] > max(one["score"] for one in before)


def test_shops_never_see_each_others_data(shop: Shop, other_shop: Shop) -> None:
    mine = shop.upload(sample("DR-001"), external_id="SKU-1")
    theirs = other_shop.upload(sample("DR-002"), external_id="SKU-1")
    shop.wait_until_settled()
    other_shop.wait_until_settled()

    assert [one["product_id"] for one in shop.recommend("dress")] == [mine["id"]]
    assert [one["product_id"] for one in other_shop.recommend("dress")] == [theirs["id"]]
    assert other_shop.http.get(f"/v1/products/{mine['id']}").status_code == 404
    assert other_shop.http.delete(f"/v1/products/{mine['id']}").status_code == 404
    assert json(other_shop.http.get("/v1/products/ext:SKU-1"))["id"] == theirs["id"]


def test_each_shop_has_one_collection(fitmatch: Running, shop: Shop, other_shop: Shop) -> None:
    for one in (shop, other_shop):
        one.upload(sample("DR-001"))
        one.upload(sample("DR-002"))
        one.wait_until_settled()

    names = [each["name"] for each in httpx.get(f"{fitmatch.chroma_url}{COLLECTIONS}?limit=1000").json()]

    for one in (shop, other_shop):
        assert len([name for name in names if one.id.removeprefix("shp_") in name]) == 1


COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"


def test_prompts_are_kept_with_the_number_asked_for(shop: Shop, other_shop: Shop) -> None:
    shop.recommend("summer dress", 7)

    kept = json(shop.http.get("/v1/prompts"))["data"]

    assert [(one["prompt"], one["num_results"]) for one in kept] == [("summer dress", 7)]
    assert json(other_shop.http.get("/v1/prompts"))["data"] == []


def test_category_style_and_age_group_filter(shop: Shop) -> None:
    shop.upload(
        sample("DR-001"),
        name="one",
        category="Evening",
        style="party",
        age_group="adult",
        price="90.00",
        currency="EUR",
    )
    shop.upload(
        sample("DR-002"),
        name="two",
        category="evening",
        style="casual",
        age_group="kids",
        price="30.00",
        currency="EUR",
    )
    shop.wait_until_settled()

    def names(condition: dict[str, object]) -> list[str]:
        return sorted(one["name"] for one in shop.recommend("dress", filter=condition))

    assert names({"category": {"in": ["EVENING"]}}) == ["one", "two"]
    assert names({"style": "party"}) == ["one"]
    assert names({"and": [{"age_group": "kids"}, {"price": {"lte": 50}}]}) == ["two"]
    assert names({"not": {"style": "party"}}) == ["two"]
    assert names({"availability": "out_of_stock"}) == []


def test_similar_products_leave_out_the_product_itself(filled: Shop) -> None:
    hat = json(filled.http.get("/v1/products/ext:HA-001"))

    found = json(filled.http.get(f"/v1/products/{hat['id']}/similar?num_results=5"))["data"]

    assert len(found) == 5
    assert hat["id"] not in [one["product_id"] for one in found]
    assert [one["category"] for one in found].count("hat") >= 4


def test_a_prompt_of_many_words_is_split_and_answered(filled: Shop) -> None:
    words = ", ".join(["a long red dress for a summer party by the sea"] * 20)

    answer = json(filled.http.post("/v1/recommendations", json={"prompt": words[:1000]}))

    assert answer["prompt_chunks"] > 1
    assert len(answer["data"]) == 10


def test_a_revoked_key_is_refused_within_five_seconds(fitmatch: Running, shop: Shop) -> None:
    made = json(shop.http.post("/v1/keys", json={"name": "second", "kind": "secret"}), 201)
    second = httpx.Client(base_url=fitmatch.url, headers=bearer(made["key"]))
    assert second.get("/v1/shop").status_code == 200

    shop.http.post(f"/v1/keys/{made['id']}/revoke")
    start = time.monotonic()
    while second.get("/v1/shop").status_code != 401:
        assert time.monotonic() - start < 5.5


def test_the_system_says_that_it_is_well(fitmatch: Running) -> None:
    assert httpx.get(f"{fitmatch.url}/livez").status_code == 200
    assert httpx.get(f"{fitmatch.url}/readyz").status_code == 200


def test_the_operator_sees_the_replicas_of_every_deployment(fitmatch: Running) -> None:
    answer = json(httpx.get(f"{fitmatch.url}/v1/deployment", headers=bearer(fitmatch.operator_token)))

    running = {one["deployment"]: (one["status"], one["running"], one["target"]) for one in answer["replicas"]}
    assert running == {name: ("HEALTHY", count, count) for name, count in instance.replicas_configured().items()}
    assert answer["parts"] == {"postgres": "ok", "chroma": "ok", "clip": "ok"}
    assert answer["links"]["ray_dashboard"].startswith("http://127.0.0.1:")
