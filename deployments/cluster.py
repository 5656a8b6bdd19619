"""How Serve's replicas are doing, for the operator's page."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.serve.schema import DeploymentStatusOverview

from api.ports import Replicas

log = logging.getLogger(__name__)

STATUS_S_MAX = 2.0
MESSAGE_CHARACTERS_MAX = 300


class Cluster:
    """Satisfies `api.ports.Cluster`. Serve's call blocks, so it has a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "serve-status")

    async def replicas(self) -> list[Replicas] | None:
        try:
            asked = asyncio.get_running_loop().run_in_executor(self._thread, serve.status)
            status = await asyncio.wait_for(asked, STATUS_S_MAX)
        except (TimeoutError, RayError, RayServeException):
            log.warning("serve does not say how its replicas are")
            return None
        return [
            _of(name, each)
            for application in status.applications.values()
            for name, each in sorted(application.deployments.items())
        ]


def _of(name: str, seen: DeploymentStatusOverview) -> Replicas:
    """Its message may hold a traceback: the last line says what is wrong."""
    lines = seen.message.strip().splitlines()
    states = cast("dict[str, int]", seen.replica_states)  # by its annotation an enum of strings, in truth strings
    return Replicas(
        deployment=name,
        status=seen.status.value,
        running=states.get("RUNNING", 0),
        target=sum(n for state, n in states.items() if state != "STOPPING"),
        message=lines[-1].strip()[:MESSAGE_CHARACTERS_MAX] if lines else "",
    )
