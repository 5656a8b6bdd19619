"""The whole graph on one screen; replicas, GPUs and queue lengths are in serve_config.yaml."""

from ray import serve
from ray.serve import Application

from deployments.clip import Clip
from deployments.gateway import Gateway
from deployments.ingest import Ingest
from deployments.query import Query
from deployments.settings import Settings


def build(settings: Settings) -> Application:
    """Gateway → Query → Clip (text), and Gateway → Ingest → Clip (image). `settings` are the config's `args`."""
    clip = serve.deployment(Clip)
    image = clip.options(name="ClipImage").bind(settings, "image")
    text = clip.options(name="ClipText").bind(settings, "text")

    ingest = serve.deployment(Ingest).bind(settings, image)
    query = serve.deployment(Query).bind(settings, text)
    return serve.deployment(serve.ingress()(Gateway)).bind(settings, ingest, query)
