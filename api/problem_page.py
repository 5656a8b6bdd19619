"""docs/problems.md as a page: the few kinds of Markdown that it uses, and an anchor for each code."""

import html
import re

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problems · FitMatch</title><link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/docs.css"></head><body><main>
"""
CODE = re.compile(r"`([^`]+)`")
HEADING = re.compile(r"(#{1,3}) (.+)")


def render(markdown: str) -> str:
    blocks = (block.strip() for block in markdown.split("\n\n"))
    return HEAD + "\n".join(_block(block) for block in blocks if block) + "\n</main></body></html>\n"


def _block(block: str) -> str:
    heading = HEADING.fullmatch(block)
    if heading is None:
        return f"<p>{_inline(block)}</p>"
    level, text = len(heading[1]), heading[2]
    anchor = re.sub(r"[^a-z0-9_]+", "-", text.strip("`").lower())
    return f'<h{level} id="{anchor}">{_inline(text)}</h{level}>'


def _inline(text: str) -> str:
    return CODE.sub(r"<code>\1</code>", html.escape(text, quote=False))
