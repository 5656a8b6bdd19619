"""How the deployment and a shop's index are doing."""

from datetime import date as Date  # noqa: N812 - a field has its name
from datetime import datetime

from pydantic import BaseModel, Field

from api.schemas.text import told


class Alive(BaseModel):
    """The process turns."""

    model_config = told({"status": "ok"})

    status: str = Field(description="Always `ok`")


class Readiness(BaseModel):
    """Which part works."""

    model_config = told({"status": "ok", "parts": {"postgres": "ok", "chroma": "ok", "clip": "ok"}})

    status: str = Field(description="`ok`, or `unavailable` when a part is not")
    parts: dict[str, str] = Field(description="Each part: `ok`, or what is wrong with it")


class ProductStatuses(BaseModel):
    """Products by status."""

    model_config = told({"queued": 1, "embedding": 1, "ready": 297, "partial": 1, "failed": 0})

    queued: int = Field(description="A photo waits")
    embedding: int = Field(description="A photo is being embedded")
    ready: int = Field(description="All their photos answer prompts")
    partial: int = Field(description="Some photos answer prompts, others failed")
    failed: int = Field(description="No photo could be embedded")


class IndexAnswer(BaseModel):
    """What a shop's recommendations are made of."""

    model_config = told(
        {
            "products": 300,
            "photos": 310,
            "ready": 308,
            "queued": 2,
            "failed": 0,
            "checkpoint": "mini@6f0c2a1b9d3e",
            "statuses": {"queued": 1, "embedding": 1, "ready": 297, "partial": 1, "failed": 0},
            "embedded_today": 12,
            "prompts_today": 87,
            "oldest_queued_age_s": 0.4,
        }
    )

    products: int = Field(description="Products that are not deleted")
    photos: int = Field(description="Their photos")
    ready: int = Field(description="Photos that answer prompts")
    queued: int = Field(description="Photos that wait or are being embedded")
    failed: int = Field(description="Photos that could not be embedded; the product says why")
    checkpoint: str = Field(description="The CLIP weights that embed, with their revision")
    statuses: ProductStatuses = Field(description="Products by status")
    embedded_today: int = Field(description="Photos embedded since midnight UTC")
    prompts_today: int = Field(description="Prompts asked since midnight UTC")
    oldest_queued_age_s: float | None = Field(description="How long the oldest waiting photo waits; null: none does")


class UsageDay(BaseModel):
    """One day (UTC)."""

    model_config = told({"date": "2026-11-22", "prompts": 87, "photos_uploaded": 12})

    date: Date = Field(description="Which")
    prompts: int = Field(description="Prompts asked")
    photos_uploaded: int = Field(description="Photos uploaded")


class UsageAnswer(BaseModel):
    """What a shop has used in this calendar month (UTC)."""

    model_config = told(
        {
            "since": "2026-11-01T00:00:00Z",
            "prompts": 1204,
            "photos_uploaded": 310,
            "products": 300,
            "photos": 310,
            "photo_bytes": 48200310,
            "days": [{"date": "2026-11-22", "prompts": 87, "photos_uploaded": 12}],
        }
    )

    since: datetime = Field(description="When counting began")
    prompts: int = Field(description="Prompts asked since")
    photos_uploaded: int = Field(description="Photos uploaded since")
    products: int = Field(description="Products now")
    photos: int = Field(description="Photos now")
    photo_bytes: int = Field(description="Bytes of those photos as they were uploaded")
    days: list[UsageDay] = Field(description="The last 30 days, oldest first")
