"""Every route says who may call it, and the reference is complete."""

import json
import re
from typing import Any, cast

import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import Context, create_app
from api.openapi import callers_of, describe

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def app() -> FastAPI:
    nothing = cast("Any", None)
    stores = cast("Any", type("Stores", (), {"db": None, "files": None, "index": None}))
    return create_app(
        Context(stores, nothing, nothing, "token", seed_routes=True, checkpoint="mini@1", demo_key_file=None)
    )


@pytest.fixture(scope="module")
def reference(app: FastAPI) -> dict[str, Any]:
    return describe(app)


def test_every_route_declares_who_may_call_it(app: FastAPI) -> None:
    routes = [one for one in iter_route_contexts(app.routes) if isinstance(one.original_route, APIRoute)]
    assert len(routes) > 50

    undeclared = [one.path for one in routes if len(callers_of(one.dependant)) != 1]

    assert undeclared == []


def test_there_are_no_routes_outside_of_that_rule(app: FastAPI) -> None:
    others = [one.path for one in iter_route_contexts(app.routes) if not isinstance(one.original_route, APIRoute)]

    assert others == []


def test_operator_routes_are_the_operators(app: FastAPI) -> None:
    callers = {
        str(one.path): callers_of(one.dependant)[0]
        for one in iter_route_contexts(app.routes)
        if isinstance(one.original_route, APIRoute)
    }

    assert {path for path, who in callers.items() if who == "operator"} == {
        "/v1/deployment",
        "/v1/shops",
        "/v1/shops/{shop_id}",
    }
    assert {path for path, who in callers.items() if who == "any_key"} == {
        "/v1/recommendations",
        "/v1/storefront",
        "/v1/products/{product_id}/similar",
    }


def test_the_reference_is_openapi_3_1(reference: dict[str, Any]) -> None:
    assert reference["openapi"].startswith("3.1")


def test_every_operation_is_described_and_says_who_may_call_it(reference: dict[str, Any]) -> None:
    for path, item in reference["paths"].items():
        for method in METHODS:
            if operation := item.get(method):
                assert operation.get("summary"), (method, path)
                assert operation.get("description"), (method, path)
                assert operation.get("x-caller") in ("operator", "secret", "any_key", "anyone", "seed_key"), (
                    method,
                    path,
                )


def test_operation_ids_are_unique_and_short(reference: dict[str, Any]) -> None:
    ids = [item[method]["operationId"] for item in reference["paths"].values() for method in METHODS if method in item]

    assert len(ids) == len(set(ids))
    assert all("_v1_" not in one for one in ids)


def test_every_model_has_an_example_that_fits_it_and_describes_its_fields(reference: dict[str, Any]) -> None:
    schemas = reference["components"]["schemas"]
    for name, schema in schemas.items():
        assert schema.get("description"), name
        assert "example" in schema, name
        for field, described in schema["properties"].items():
            assert described.get("description"), (name, field)
        whole = {**schema, "components": reference["components"]}
        jsonschema.Draft202012Validator(whole).validate(schema["example"])


def test_every_reference_leads_somewhere(reference: dict[str, Any]) -> None:
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(reference)))

    assert named <= set(reference["components"]["schemas"])


def test_every_parameter_is_described(reference: dict[str, Any]) -> None:
    for path, item in reference["paths"].items():
        for method in METHODS:
            for parameter in item.get(method, {}).get("parameters", []):
                assert parameter.get("description"), (method, path, parameter["name"])


def test_the_seeds_routes_can_be_switched_off() -> None:
    nothing = cast("Any", None)
    stores = cast("Any", type("Stores", (), {"db": None, "files": None, "index": None}))
    app = create_app(
        Context(stores, nothing, nothing, None, seed_routes=False, checkpoint="mini@1", demo_key_file=None)
    )

    assert not [path for path in describe(app)["paths"] if not path.startswith("/v1") and "z" not in path]
