"""`fitmatch node HEAD:PORT`: a Ray node that joins a head, until SIGTERM or until the head is gone."""

import asyncio
import os

from deployments.host import configuration
from deployments.host.configuration import Host
from deployments.host.serve import tell
from deployments.local import configuration as local
from deployments.local import keeper
from deployments.local.folder import DataFolder
from deployments.local.ray_head import RayHead
from deployments.local.run import until_signal

_WATCH_S = 1.0


def node(address: str) -> int:
    """0, after SIGTERM or Ctrl-C. Raises BadSetting; StartFailed when Ray has ended."""
    host = configuration.read_node(os.environ, address)
    for sentence in local.unknown(os.environ):
        tell("warning", reason=sentence)
    folder = DataFolder(host.given.data_dir)
    folder.acquire()
    try:
        return asyncio.run(_join(host, folder))
    finally:
        folder.release()


async def _join(host: Host, folder: DataFolder) -> int:
    keeper.end_leftovers(folder.path)
    guard = keeper.Keeper(folder.path, folder.lock)
    ray = RayHead(folder.path / "ray", host.ports, host.place)
    async with until_signal():
        guard.start()
        # Replicas read their settings where the graph is built, which may be here.
        ray.launch({}, host.ray_token or "")
        tell("joining", head=host.place.join)
        try:
            while True:
                await asyncio.sleep(_WATCH_S)
                ray.check()
        finally:
            # Ray drains the node at SIGTERM.
            ray.stop()
            guard.stop()
    return 0
