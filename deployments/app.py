"""The whole graph on one screen; replicas, GPUs and queue lengths are in serve_config.yaml."""

from ray import serve
from ray.serve import Application

from deployments.clip import Clip
from deployments.gateway import Gateway
from deployments.ingest import Ingest
from deployments.query import Query
from deployments.settings import Settings


def build(settings: Settings) -> Application:
    """Gateway → Query → Clip (text or image), Gateway → Ingest → Clip (image). `settings` are the config's `args`."""
    image = serve.deployment(name="ClipImage")(Clip).bind(settings, "image")
    text = serve.deployment(name="ClipText")(Clip).bind(settings, "text")
    ingest = serve.deployment(name="Ingest")(Ingest).bind(settings, image)
    query = serve.deployment(name="Query")(Query).bind(settings, text, image)
    return serve.deployment(name="Gateway")(serve.ingress()(Gateway)).bind(settings, ingest, query)
