"""Pages for people: the shop front, the console, the API reference, problems. No host but this one is asked."""

import asyncio
import functools
import gzip
import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from api.deps import ANYONE, PartsOf
from api.openapi import describe
from api.problem_page import render
from db.errors import NotFound

router = APIRouter(dependencies=[ANYONE], include_in_schema=False)

STATIC = Path(__file__).parent.parent / "static"
FILES = StaticFiles(directory=STATIC)
PROBLEMS = Path(__file__).parent.parent.parent / "docs" / "problems.md"
PAGE = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; "
        "base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
"""`no-cache`: kept, but asked for again by ETag, so that a new version is seen at once."""
COMMENTED = frozenset({".css", ".js"})
COMMENT_LINES = re.compile(rb"^[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
PACKED = frozenset({".html", ".js", ".css", ".svg"})
FILES_PACKED_MAX = 200


@router.get("/")
async def front(request: Request) -> Response:
    return await static(request, "index.html")


@router.get("/console")
@router.get("/console/{path:path}")
async def console(request: Request, path: str = "") -> Response:  # noqa: ARG001 - the page itself reads its address
    return await static(request, "console/index.html")


@router.get("/docs")
async def reference(request: Request) -> Response:
    return await static(request, "docs.html")


@router.get("/openapi.json")
async def description(request: Request) -> Response:
    return JSONResponse(
        _described(request.app), headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    )


@router.get("/docs/problems")
async def problems() -> Response:
    text = await asyncio.to_thread(PROBLEMS.read_text)
    return Response(render(text), headers=PAGE, media_type="text/html; charset=utf-8")


@router.get("/static/{path:path}")
async def static(request: Request, path: str) -> Response:
    answer = await FILES.get_response(path, request.scope)
    if isinstance(answer, FileResponse) and _may_be_packed(request, path):
        packed = await asyncio.to_thread(_packed, str(answer.path), answer.headers["etag"])
        # Weak: the same file, in other bytes.
        headers = {"Content-Encoding": "gzip", "ETag": f"W/{answer.headers['etag']}"}
        answer = Response(packed, headers=headers, media_type=answer.media_type)
    answer.headers.update(PAGE)
    return answer


def _may_be_packed(request: Request, path: str) -> bool:
    return Path(path).suffix in PACKED and "gzip" in request.headers.get("accept-encoding", "")


@functools.lru_cache(maxsize=FILES_PACKED_MAX)
def _packed(file: str, etag: str) -> bytes:  # noqa: ARG001 - another version of the file has another ETag
    text = Path(file).read_bytes()
    return gzip.compress(without_comments(text) if Path(file).suffix in COMMENTED else text, mtime=0)


def without_comments(text: bytes) -> bytes:
    """Scripts and styles without the lines that are comments: those are for us, and a seventh of what travels."""
    return COMMENT_LINES.sub(b"", text)


@router.get("/demo.json")
async def demo(parts: PartsOf) -> Response:
    """The publishable key of the demo shop, where there is one."""
    file = parts.context.demo_key_file
    if file is None or not await asyncio.to_thread(file.is_file):
        raise NotFound("This deployment has no demo shop.")
    key = (await asyncio.to_thread(file.read_text)).strip()
    return JSONResponse({"publishable_key": key})


@functools.lru_cache(maxsize=1)
def _described(app: FastAPI) -> dict[str, Any]:
    return describe(app)
