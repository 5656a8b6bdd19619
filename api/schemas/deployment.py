"""The deployment as its operator sees it."""

from pydantic import BaseModel, Field

from api.schemas.text import told

_QUEUED = {"shop_id": "shp_01939f3ce3b17a0fb2f9a2f64d0a5c11", "name": "Blue Door", "jobs": 120, "oldest_age_s": 12.4}
_REPLICAS = {"deployment": "ClipImage", "status": "HEALTHY", "running": 1, "target": 1, "message": ""}
_INDEXED = {"checkpoint": "mini@6f0c2a1b9d3e", "collections": 12, "photos": 3401}
_LINKS = {"ray_dashboard": "http://ray.example:8265", "prometheus": None, "grafana": None}


class ShopsCounted(BaseModel):
    """Shops that are not deleted."""

    model_config = told({"active": 12, "suspended": 1})

    active: int = Field(description="Whose keys work")
    suspended: int = Field(description="Whose keys are refused for now")


class PhotosCounted(BaseModel):
    """Photos by status."""

    model_config = told({"queued": 118, "embedding": 2, "ready": 3401, "failed": 3})

    queued: int = Field(description="Wait for their turn")
    embedding: int = Field(description="A worker has them")
    ready: int = Field(description="Answer prompts")
    failed: int = Field(description="Could not be embedded")


class ShopQueued(BaseModel):
    """What waits of one shop."""

    model_config = told(_QUEUED)

    shop_id: str = Field(description="`shp_…`")
    name: str = Field(description="Of the shop")
    jobs: int = Field(description="Photos to add to the index or to remove from it")
    oldest_age_s: float = Field(description="How long the oldest waits")


class QueueAnswer(BaseModel):
    """What waits for Ingest."""

    model_config = told({"jobs": 120, "oldest_age_s": 12.4, "shops": [_QUEUED]})

    jobs: int = Field(description="Photos to add to the index or to remove from it")
    oldest_age_s: float | None = Field(description="How long the oldest waits; null: nothing waits")
    shops: list[ShopQueued] = Field(description="Whose they are: at most 50 shops, most jobs first")


class ReplicasAnswer(BaseModel):
    """The replicas of one deployment of Serve."""

    model_config = told(_REPLICAS)

    deployment: str = Field(description="Its name in the Serve config")
    status: str = Field(description="Serve's word: HEALTHY, UPDATING, UNHEALTHY, …")
    running: int = Field(description="That answer")
    target: int = Field(description="That answer, start or recover")
    message: str = Field(description="What Serve says of it")


class IndexedAnswer(BaseModel):
    """What is kept under one checkpoint."""

    model_config = told(_INDEXED)

    checkpoint: str = Field(description="`name@revision`")
    collections: int = Field(description="Chroma's, one for each shop")
    photos: int = Field(description="Embeddings in Postgres")


class LinksAnswer(BaseModel):
    """Where an operator looks further; null where the deployment was not told."""

    model_config = told(_LINKS)

    ray_dashboard: str | None = Field(description="Replicas, logs, autoscaling")
    prometheus: str | None = Field(description="Metrics and alerts")
    grafana: str | None = Field(description="The dashboard")


class DeploymentAnswer(BaseModel):
    """All shops together."""

    model_config = told(
        {
            "checkpoint": "mini@6f0c2a1b9d3e",
            "parts": {"postgres": "ok", "chroma": "ok", "clip": "ok"},
            "shops": {"active": 12, "suspended": 1},
            "products": 3410,
            "photos": {"queued": 118, "embedding": 2, "ready": 3401, "failed": 3},
            "queue": {"jobs": 120, "oldest_age_s": 12.4, "shops": [_QUEUED]},
            "replicas": [_REPLICAS],
            "collections": [_INDEXED],
            "links": _LINKS,
        }
    )

    checkpoint: str = Field(description="The CLIP weights that embed, with their revision")
    parts: dict[str, str] = Field(description="Each part: `ok`, or what is wrong with it")
    shops: ShopsCounted = Field(description="Shops")
    products: int = Field(description="Products of all shops")
    photos: PhotosCounted = Field(description="Their photos")
    queue: QueueAnswer = Field(description="What waits")
    replicas: list[ReplicasAnswer] | None = Field(description="By deployment; null when Serve does not answer")
    collections: list[IndexedAnswer] = Field(description="By checkpoint")
    links: LinksAnswer = Field(description="Where to look further")
