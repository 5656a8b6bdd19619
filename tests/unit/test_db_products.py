"""A product's status follows from its photos'."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from db.photos import Photo
from db.photos import Status as PhotoStatus
from db.products import Fields, Product, Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NIL = UUID(int=0)


def product(*statuses: PhotoStatus) -> Product:
    photos = tuple(Photo(NIL, NIL, NIL, 0, "", 1, 64, 64, status, None, None, NOW) for status in statuses)
    return Product(NIL, NIL, 1, Fields("dress"), None, None, None, photos, 1, NOW, NOW)


@pytest.mark.parametrize(
    ("photos", "status"),
    [
        ((), "ready"),
        (("ready", "ready"), "ready"),
        (("failed", "failed"), "failed"),
        (("ready", "failed"), "partial"),
        (("ready", "queued"), "queued"),
        (("embedding", "queued"), "queued"),
        (("ready", "embedding", "failed"), "embedding"),
        (("failed", "queued"), "queued"),
    ],
)
def test_a_product_is_as_far_as_its_photos(photos: tuple[PhotoStatus, ...], status: Status):
    assert product(*photos).status == status
