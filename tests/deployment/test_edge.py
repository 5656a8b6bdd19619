"""What the edge does to requests and answers, on the real HAProxy."""

import json
import re
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.bodies import MULTIPART_BYTES_MAX
from api.edge import CONTROLS
from api.problems import EDGE, KINDS
from tests.deployment import edge as edges
from tests.deployment.backend import Backend
from tests.deployment.edge import CONFIG, Edge
from tests.e2e.instance import wait_for

SECRET = "fm_sk_" + "a" * 38
PROBLEM = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def received(edge: Edge, headers: dict[str, str]) -> dict[str, list[str]]:
    """What reached the backend."""
    answer = httpx.get(f"{edge.url}/echo", headers=headers)
    found: dict[str, list[str]] = {}
    for name, value in answer.json()["headers"]:
        found.setdefault(name, []).append(value)
    return found


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    said = answer.json()
    assert set(said) >= PROBLEM
    assert (said["status"], said["code"], said["type"]) == (status, code, f"/docs/problems#{code}")
    assert answer.headers["x-request-id"] == said["request_id"] != ""
    return said


def test_the_file_is_valid_with_and_without_tls(haproxy: str, certificate: Path) -> None:
    for settings in ({}, {"FITMATCH_EDGE_CERTIFICATE": str(certificate)}):
        done = subprocess.run([haproxy, "-c", "-f", CONFIG], capture_output=True, text=True, check=False, env=settings)

        assert (done.returncode, "[WARNING]" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "x-request-timeout-seconds",
        "X-Request-Disconnect-Disabled",
        "x-request-uuid",
        "ray-serve-anything",
        "RAY-SERVE-ANYTHING",
        "serve_multiplexed_model_id",
        "x-ray-tracing",
        "rayserve-x",
    ],
)
def test_what_serve_obeys_never_passes(edge: Edge, name: str) -> None:
    assert CONTROLS.fullmatch(name.lower().encode()), "the API's own list does not know it"

    found = received(edge, {name: "0", "x-harmless": "1"})

    assert "x-harmless" in found
    assert name.lower() not in found


def test_both_lists_of_control_headers_are_the_same() -> None:
    listed = re.search(r"del-header \^\((x-request.*)\)\$ -m reg", CONFIG.read_text())

    assert listed is not None
    assert listed[1] == CONTROLS.pattern.decode()


def test_a_forged_address_is_overwritten(edge: Edge) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    found = received(edge, forged | {"Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"})

    assert found["x-forwarded-for"] == ["127.0.0.1"]
    assert found["x-forwarded-proto"] == ["http"]
    assert not {"x-forwarded-host", "forwarded", "x-real-ip"} & set(found)


def test_a_good_request_id_passes_and_a_bad_one_is_replaced(edge: Edge) -> None:
    assert received(edge, {"X-Request-Id": "shop-1.a_B"})["x-request-id"] == ["shop-1.a_B"]
    for bad in ("a b", "x" * 65, "a\tb", 'a"b', ""):
        (made,) = received(edge, {"X-Request-Id": bad})["x-request-id"]
        assert re.fullmatch(r"[0-9a-f-]{36}", made)


def test_an_oversized_body_is_refused_before_it_is_read(edge: Edge) -> None:
    too_long = {"Content-Length": str(MULTIPART_BYTES_MAX + 1)}
    answer = speak(edge, b"POST /echo?key=1 HTTP/1.1\r\nHost: edge\r\n" + fields(too_long) + b"\r\n" + b"x" * 20_000)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer
    assert b'"code":"body_too_large"' in answer
    assert f"at most {MULTIPART_BYTES_MAX} bytes".encode() in answer


def test_a_body_of_the_largest_size_passes(edge: Edge) -> None:
    answer = httpx.post(f"{edge.url}/echo", content=b"x" * MULTIPART_BYTES_MAX, timeout=60)

    assert answer.status_code == 200


def test_slow_headers_are_cut_with_a_408(edge: Edge) -> None:
    """In HAProxy's own words: before it has understood a request it knows no others."""
    answer = speak(edge, b"GET /echo HTTP/1.1\r\nHost: edge\r\n")

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_what_only_the_edge_answers_has_a_place_in_the_documentation() -> None:
    said = re.findall(r'docs/problems#(\w+)","title":"([^"]+)"', CONFIG.read_text())

    assert {code for code, _ in said} >= set(EDGE)
    assert dict(said) == {code: (KINDS | EDGE)[code].title for code, _ in said}


def test_a_slow_body_is_cut_with_a_problem_and_the_connection_closed(edge: Edge) -> None:
    answer = speak(edge, b"POST /echo HTTP/1.1\r\nHost: edge\r\nContent-Length: 100\r\n\r\nxx")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in answer
    assert b"connection: close" in answer.lower()


def test_1500_slow_clients_are_cut_within_10_s_and_others_are_served(edge: Edge) -> None:
    slow = [socket.create_connection(edge.address) for _ in range(1500)]
    began = time.monotonic()
    for each in slow:
        each.sendall(b"POST /echo HTTP/1.1\r\nHost: edge\r\nContent-Length: 100\r\n\r\nxx")

    probes: list[int] = []
    while b"408" not in (cut := slow[-1].recv(4096, socket.MSG_DONTWAIT) if readable(slow[-1]) else b""):
        assert time.monotonic() - began < 30
        probes.append(httpx.get(f"{edge.url}/echo").status_code)
    assert b"408" in cut
    for each in slow[:-1]:
        each.settimeout(10)
        assert b" 408 " in each.recv(4096)
        each.close()
    slow[-1].close()

    assert set(probes) == {200}
    assert time.monotonic() - began < 30, (
        "a loaded machine takes longer than the 10 s of a quiet one, but not this long"
    )


def test_a_full_backend_answers_overloaded_at_once_and_uploads_have_their_own_places(
    edge: Edge, backend: Backend
) -> None:
    backend.release.clear()
    held = [hold(edge, b"/wait") for _ in range(2)]
    for _ in held:
        assert backend.waiting.acquire(timeout=10)

    began = time.monotonic()
    refused = httpx.get(f"{edge.url}/echo")
    took = time.monotonic() - began
    uploaded = httpx.post(f"{edge.url}/echo", files={"photo": b"x"})
    backend.release.set()
    answers = [each.recv(4096) for each in held]

    assert problem(refused, 503, "overloaded")["instance"] == "/echo"
    assert refused.headers["retry-after"] == "1"
    assert took < 2
    assert uploaded.status_code == 200
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)


def test_a_backend_that_ends_within_its_answer_is_a_502(edge: Edge) -> None:
    answer = httpx.get(f"{edge.url}/die")

    problem(answer, 502, "unavailable")
    assert answer.headers["retry-after"] == "2"


SAFE = {
    "read": {"method": "GET", "url": "/echo"},
    "prompt": {"method": "POST", "url": "/v1/recommendations", "json": {"prompt": "dress"}},
    "once": {"method": "POST", "url": "/v1/shops", "json": {}, "headers": {"Idempotency-Key": "a"}},
}
UNSAFE = {
    "create": {"method": "POST", "url": "/v1/shops", "json": {}},
    "change": {"method": "PATCH", "url": "/v1/products/prd_1", "json": {}},
    # HAProxy keeps no more than a buffer of a request.
    "photo": {"method": "POST", "url": "/v1/recommendations", "files": {"photo": b"x" * 40_000}},
}


def ended(edge: Edge, request: dict[str, Any], first: str, request_id: str) -> int:
    """The status that a client hears when the first replica that it reaches ends so."""
    headers = {**request.get("headers", {}), "X-First": first, "X-Request-Id": request_id}
    with httpx.Client(base_url=edge.url) as client:
        return client.request(**{**request, "headers": headers}).status_code


@pytest.mark.parametrize("first", ["die", "500"])
@pytest.mark.parametrize("request_", SAFE.values(), ids=SAFE)
def test_what_may_be_repeated_is_when_its_replica_dies(
    edge: Edge, backend: Backend, request_: dict[str, Any], first: str
) -> None:
    name = uuid4().hex

    assert ended(edge, request_, first, name) == 200
    assert backend.came[name] == 2


@pytest.mark.parametrize(("first", "status"), [("die", 502), ("500", 500)])
@pytest.mark.parametrize("request_", UNSAFE.values(), ids=UNSAFE)
def test_what_may_not_be_repeated_reaches_one_replica_alone(
    edge: Edge, backend: Backend, request_: dict[str, Any], first: str, status: int
) -> None:
    name = uuid4().hex

    assert ended(edge, request_, first, name) == status
    assert backend.came[name] == 1


@pytest.mark.parametrize(
    ("theirs", "ours", "code"),
    [
        (500, 500, "internal_error"),
        (502, 502, "unavailable"),
        (503, 503, "overloaded"),
        (504, 504, "unavailable"),
        (408, 504, "unavailable"),
    ],
)
def test_errors_that_serve_answers_as_text_become_problems(edge: Edge, theirs: int, ours: int, code: str) -> None:
    problem(httpx.get(f"{edge.url}/text/{theirs}"), ours, code)


def test_what_is_no_error_of_serve_passes_as_it_is(edge: Edge) -> None:
    assert httpx.get(f"{edge.url}/text/404").text == "Serve's own words"


def test_serves_own_pages_are_not_published(edge: Edge) -> None:
    problem(httpx.get(f"{edge.url}/-/routes"), 404, "not_found")


def test_what_is_no_http_is_refused(edge: Edge) -> None:
    assert speak(edge, b"GET /a b HTTP/9\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_without_a_backend_the_answer_is_a_503(haproxy: str, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        alone = edges.start(haproxy, tmp_path, f"127.0.0.1:{nobody.getsockname()[1]}")
        try:
            wait_for(lambda: "starting or away" in httpx.get(alone.url).text, "the edge knows that nobody is there", 20)
            answer = httpx.get(f"{alone.url}/images/{SECRET}/1/")
        finally:
            alone.stop()

    assert problem(answer, 503, "unavailable")["instance"] == "/images/_key_/1/"
    assert answer.headers["retry-after"] == "2"


def test_tls_is_taken_off_and_http_is_sent_there(
    haproxy: str, backend: Backend, certificate: Path, tmp_path: Path
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    running = edges.start(haproxy, tmp_path, backend.address, FITMATCH_EDGE_CERTIFICATE=str(certificate))
    try:
        wait_for(lambda: httpx.get(f"{running.tls_url}/echo", verify=trust).status_code == 200, "it serves", 20)
        secure = httpx.get(f"{running.tls_url}/echo", verify=trust)
        plain = httpx.get(f"{running.url}/echo?prompt=a%20b")
    finally:
        running.stop()

    assert ["x-forwarded-proto", "https"] in secure.json()["headers"]
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
    assert (plain.status_code, plain.headers["location"]) == (308, f"{running.tls_url}/echo?prompt=a%20b")


def test_log_lines_say_when_and_hold_neither_keys_nor_prompts(edge: Edge) -> None:
    for path in (f"/images/{SECRET}/", f"/echo/{SECRET}?prompt=zanzibar&api_key={SECRET}", "/images/other-key/7/"):
        httpx.get(edge.url + path, headers={"X-Request-Id": "logged"})

    def logged() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in edge.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["request_id"] == "logged"]

    wait_for(lambda: len(logged()) > 2, "all three are logged", 10)
    assert [line["path"] for line in logged()] == ["/images/_key_/", "/echo/_key_", "/images/_key_/7/"]
    at = [datetime.fromisoformat(line["at"]) for line in logged()]
    assert all(abs((datetime.now(UTC) - each).total_seconds()) < 60 for each in at)
    assert SECRET not in edge.log.read_text()
    assert "zanzibar" not in edge.log.read_text()


def test_its_metrics_name_the_proxies_that_alerts_select(edge: Edge) -> None:
    metrics = httpx.get(f"{edge.metrics_url}/metrics").text

    for proxy, kind in (("public", "frontend"), ("serve", "backend"), ("uploads", "backend")):
        assert f'haproxy_{kind}_http_requests_total{{proxy="{proxy}"' in metrics


def fields(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()


def hold(edge: Edge, path: bytes) -> socket.socket:
    """A request that waits for its answer."""
    opened = socket.create_connection(edge.address, timeout=30)
    opened.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n")
    return opened


def speak(edge: Edge, sent: bytes) -> bytes:
    """Everything that comes back until the edge closes the connection."""
    with socket.create_connection(edge.address, timeout=30) as opened:
        opened.sendall(sent)
        answer = b""
        while part := opened.recv(65536):
            answer += part
        return answer


def readable(opened: socket.socket) -> bool:
    try:
        return bool(opened.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return False
