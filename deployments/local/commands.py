"""What works on the stores alone: beside a running FitMatch, on servers of your own, or on a stopped data folder."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from api import ids
from db.errors import NotFound, Unavailable
from db.files import Files
from db.index import Index
from db.postgres import connect
from db.stores import Stores
from deployments import rebuild
from deployments.local import configuration, keeper
from deployments.local.configuration import Configuration
from deployments.local.errors import StartFailed
from deployments.local.folder import DataFolder
from deployments.local.supervisor import Supervisor
from deployments.rebuild import Done


async def migrate() -> None:
    """Raises BadSetting, StartFailed."""
    async with _stores(configuration.read(os.environ)):
        print("The schema is current.")


async def rebuild_index(shop: str | None) -> None:
    """Of one shop (`shp_…`) or all. Raises BadSetting, StartFailed."""
    given = configuration.read(os.environ)
    async with _stores(given) as (stores, text):
        checkpoint = configuration.find_checkpoint(text).id
        done = Done()
        try:
            if shop is None:
                done = await rebuild.rebuild_all(stores, checkpoint)
            else:
                done.photos = await rebuild.rebuild_shop(stores, ids.parse("shp", shop), checkpoint)
        except (NotFound, Unavailable) as error:
            raise StartFailed(f"The index was not rebuilt: {error}") from error
        print(f"Rebuilt from Postgres: {done.photos} photos under {checkpoint}.")
        if done.left_out:
            raise StartFailed(" ".join(_left_out(name, count) for name, count in done.left_out.items()))


def _left_out(server: str, count: int) -> str:
    return (
        f"{count} collection(s) on {server} were left out: start it, name it in FITMATCH_CHROMA_URL,"
        f" or `fitmatch move-shop --from {server} --to` another."
    )


async def move_shop(shop: str | None, *, origin: str | None, server: str) -> None:
    """One shop (`shp_…`), or all that are on `origin`, to another Chroma server. Raises BadSetting, StartFailed."""
    async with _stores(configuration.read(os.environ)) as (stores, _):
        try:
            if shop is None:
                done = await rebuild.move_all(stores, origin or "", server)
            else:
                done = await rebuild.move_shop(stores, ids.parse("shp", shop), server)
        except NotFound as error:
            raise StartFailed(f"Nothing was moved: {str(error).rstrip('.')}.") from error
        except Unavailable as error:
            raise StartFailed(f"Not everything was moved: {error}. The same command goes on where it was.") from error
        print(f"Moved to {server}: {len(done.shops)} shop(s) with {done.photos} photos.")


@asynccontextmanager
async def _stores(given: Configuration) -> AsyncGenerator[tuple[Stores, str]]:
    """Migrated and repaired stores, and the checkpoint in use. What is embedded and not running runs meanwhile."""
    folder = DataFolder(given.data_dir)
    if running := folder.running():
        async with _opened(running.postgres_dsn, running.chroma_url, given.photos_url) as stores:
            yield stores, running.checkpoint
        return
    folder.acquire()
    try:
        keeper.end_leftovers(folder.path)
        supervisor = Supervisor(given, folder, print)
        try:
            supervisor.start_stores()
            await supervisor.prepare_stores()
            async with _opened(*supervisor.addresses, given.photos_url) as stores:
                yield stores, given.checkpoint
        finally:
            supervisor.stop_stores()
    finally:
        folder.release()


@asynccontextmanager
async def _opened(dsn: str, chroma_url: str, photos_url: str) -> AsyncGenerator[Stores]:
    # A rebuild reads whole shops: no statement of it is a request that somebody waits for.
    stores = Stores(await connect(dsn, command_timeout_s=300), Index(chroma_url, timeout_s=60), Files(photos_url))
    try:
        yield stores
    finally:
        await stores.db.close()
        await stores.index.close()
