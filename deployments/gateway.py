"""The HTTP door: an ordinary FastAPI app behind Serve's ingress."""

from typing import Any

from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle

from api import logs
from api.app import Context, create_app
from api.deps import Links
from db.files import Files
from db.index import Index
from db.postgres import connect
from db.stores import Stores
from deployments import clients
from deployments.cluster import Cluster
from deployments.decode import Decoders
from deployments.settings import STATEMENT_S_MAX, Settings
from models.checkpoint import find

PHOTO_DECODERS = 2
"""Processes that decode what shoppers show; each starts with its first photo and takes some 50 MB."""
PHOTO_S_MAX = 5.0
"""A shopper waits no longer for one to be decoded."""


class Gateway:
    """Opens the stores on the replica's own loop and hands them, with the two neighbours, to `api.app`."""

    async def __init__(self, settings: Settings, ingest: DeploymentHandle[Any], query: DeploymentHandle[Any]) -> None:
        logs.write()
        token = settings.operator_token
        checkpoint = find(settings.checkpoint)
        self._decoders = Decoders(PHOTO_DECODERS, photo_s_max=PHOTO_S_MAX)
        self._context = Context(
            stores=Stores(
                db=await connect(settings.postgres_dsn.get_secret_value(), command_timeout_s=STATEMENT_S_MAX),
                index=Index(settings.chroma_url),
                files=Files(settings.photos_url),
            ),
            ingest=clients.Ingest(ingest),
            query=clients.Query(query, self._decoders, checkpoint.side),
            operator_token=token.get_secret_value() if token else None,
            seed_routes=settings.seed_routes,
            checkpoint=checkpoint.id,
            demo_key_file=settings.demo_key_file,
            cluster=Cluster(),
            links=Links(settings.ray_dashboard_url, settings.prometheus_url, settings.grafana_url),
            server_adds_request_id=True,
        )

    def __serve_build_asgi_app__(self) -> FastAPI:
        return create_app(self._context)

    async def check_health(self) -> None:
        """Answers as long as the loop turns: an outage of Postgres or Chroma must not restart replicas."""

    def __del__(self) -> None:
        """Serve calls this before it ends the replica."""
        self._decoders.close()
