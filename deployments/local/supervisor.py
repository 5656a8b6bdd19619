"""Starts the parts in order, restarts what dies, stops them in order."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from db import migrate
from db.errors import Unavailable
from db.files import Files
from db.index import Index
from db.postgres import connect
from db.stores import Stores
from deployments.local import chroma_servers, ports, serve_app
from deployments.local.chroma import EmbeddedChroma
from deployments.local.configuration import Configuration
from deployments.local.errors import BadSetting, StartFailed
from deployments.local.folder import DataFolder, Running
from deployments.local.keeper import Keeper
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.ray_head import RayHead, RayPorts

RESTARTS_MAX = 5
RESTARTS_S = 60.0
"""A part that dies more than RESTARTS_MAX times in this time is broken: restarting it helps nobody."""
_WATCH_S = 0.25

Tell = Callable[[str], None]


class Supervisor:
    """Everything that one data folder runs. Use it from the main thread: children end with theirs."""

    def __init__(self, configuration: Configuration, folder: DataFolder, tell: Tell) -> None:
        self._given = configuration
        self._folder = folder
        self._tell = tell
        self._postgres = None if configuration.postgres_dsn else EmbeddedPostgres(folder.path / "postgres")
        self._chroma = None if configuration.chroma_url else EmbeddedChroma(folder.path / "chroma")
        dashboard, metrics, haproxy = ports.choose(3)
        self._ports = RayPorts(
            configuration.dashboard_port or dashboard, configuration.metrics_port or metrics, haproxy
        )
        self.ray = RayHead(folder.path / "ray", self._ports)
        self._keeper = Keeper(folder.path, folder.lock)
        self._restarts: dict[str, deque[float]] = {}
        self._dsn = configuration.postgres_dsn or ""
        self._chroma_url = configuration.chroma_url or ""
        self.operator_token = configuration.operator_token or folder.secret("operator_token")

    @property
    def url(self) -> str:
        return self._given.url

    @property
    def addresses(self) -> tuple[str, str]:
        """Postgres' DSN and Chroma's URL, once they have started."""
        return self._dsn, self._chroma_url

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self._ports.metrics}/metrics"

    async def start(self) -> None:
        """Returns when FitMatch answers. Raises StartFailed, BadSetting."""
        self._keeper.start()
        self.start_stores()
        self._start_ray()
        await self.prepare_stores()
        try:
            await self._deploy()
        except StartFailed as error:
            # Another program may have taken a port between our choice and Ray's start: choose again, once.
            if self.ray.is_running():
                raise
            self._tell(f"{error} Trying once more")
            self._start_ray()
            await self._deploy()
        self._folder.announce(self._running())

    def start_stores(self) -> None:
        if self._postgres:
            self._tell("Starting Postgres")
            self._dsn = self._postgres.start()
            if self._folder.path not in self._postgres.data.parents:
                self._tell(
                    f"Postgres keeps its data in {self._postgres.data}: its user cannot reach {self._folder.path}"
                )
        if self._chroma:
            self._tell("Starting Chroma")
            self._chroma_url = self._chroma.start()

    async def prepare_stores(self) -> None:
        """Migrates, and rebuilds what Chroma's torn check has deleted."""
        try:
            for name in await migrate.migrate(self._dsn):
                self._tell(f"Applied {name}")
        except (Unavailable, OSError) as error:
            raise BadSetting(f"FITMATCH_POSTGRES_DSN: Postgres does not answer there ({error}).") from error
        await self._rebuild_torn()
        try:
            for sentence in await chroma_servers.complaints(self._dsn, self._chroma_url):
                self._tell(sentence)
        except Unavailable as error:
            raise BadSetting(f"FITMATCH_CHROMA_URL: no Chroma answers at {self._chroma_url} ({error}).") from error

    async def watch(self) -> None:
        """Never returns. Raises StartFailed when a part cannot be kept alive."""
        while True:
            await asyncio.sleep(_WATCH_S)
            if not self._keeper.is_running():
                self._keeper.start()
            if self._postgres and not self._postgres.is_running():
                self._note_restart("Postgres")
                self._postgres.start()
                self._folder.announce(self._running())
            if self._chroma and not self._chroma.is_running():
                self._note_restart("Chroma")
                self._chroma.start()
                self._folder.announce(self._running())
                await self._rebuild_torn()
            if not self.ray.is_running():
                self._note_restart("Ray")
                self._folder.remove("running.json")
                self._start_ray()
                await self._deploy()
                self._folder.announce(self._running())

    async def stop(self) -> None:
        """Ray first, since it writes to the others."""
        self._folder.remove("running.json")
        if self.ray.is_running():
            await serve_app.shut_down(self.ray)
        self.ray.stop()
        self.stop_stores()
        self._keeper.stop()

    def stop_stores(self) -> None:
        if self._chroma:
            self._chroma.stop()
        if self._postgres:
            self._postgres.stop()

    def _start_ray(self) -> None:
        self._tell("Starting Ray")
        variables = {
            "FITMATCH_POSTGRES_DSN": self._dsn,
            "FITMATCH_CHROMA_URL": self._chroma_url,
            "FITMATCH_PHOTOS_URL": self._given.photos_url,
            "FITMATCH_CHECKPOINT": self._given.checkpoint,
            "FITMATCH_OPERATOR_TOKEN": self.operator_token,
            "FITMATCH_RAY_DASHBOARD_URL": self.ray.dashboard_url,
        }
        if self._given.demo:
            variables["FITMATCH_DEMO_KEY_FILE"] = str(self._folder.path / "demo_publishable_key")
        self.ray.launch(variables, self._folder.secret("ray_token"))

    async def _deploy(self) -> None:
        self._tell("Deploying Serve")
        config = serve_app.read_config(self._given.serve_config, host=self._given.http_host, port=self._given.http_port)
        await serve_app.deploy(self.ray, config)
        await serve_app.wait_ready(self.url, self.ray)

    async def _rebuild_torn(self) -> None:
        if not self._chroma or not self._chroma.torn:
            return
        from deployments.rebuild import rebuild_collections

        names = self._chroma.torn
        self._tell(f"Rebuilding {len(names)} torn collection(s) of Chroma from Postgres")
        stores = Stores(await connect(self._dsn), Index(self._chroma_url, timeout_s=60), Files(self._given.photos_url))
        try:
            await rebuild_collections(stores, names)
            self._chroma.forget_torn()
        finally:
            await stores.db.close()
            await stores.index.close()

    def _note_restart(self, part: str) -> None:
        """Raises StartFailed when it happens too often."""
        self._tell(f"{part} has ended; starting it again")
        now = time.monotonic()
        past = self._restarts.setdefault(part, deque(maxlen=RESTARTS_MAX + 1))
        past.append(now)
        if len(past) > RESTARTS_MAX and now - past[0] < RESTARTS_S:
            raise StartFailed(
                f"{part} ended {len(past)} times within {RESTARTS_S:.0f} s: see its log in {self._folder.path}."
            )

    def _running(self) -> Running:
        return Running(
            url=self.url,
            dashboard_url=self.ray.dashboard_url,
            metrics_url=self.metrics_url,
            postgres_dsn=self._dsn,
            chroma_url=self._chroma_url,
            checkpoint=self._given.checkpoint,
            supervisor_pid=_own_pid(self._folder),
            postgres_pid=self._postgres.pid if self._postgres else 0,
            chroma_pid=self._chroma.pid if self._chroma else 0,
            ray_pid=self.ray.pid,
        )


def _own_pid(folder: DataFolder) -> int:
    owner = folder.owner()
    return owner.pid if owner else 0
