"""When the reconciler goes its rounds: now and then, and soon when something may be amiss."""

import asyncio
import logging
import time
from collections.abc import Callable

from db.errors import Unavailable
from db.stores import Stores
from deployments.reconcile import reconcile

log = logging.getLogger(__name__)

EVERY_S = 600.0
AGAIN_S = 15.0
"""After a round that a part's absence cut short, after a Chroma server has come back, or while collections are lost."""


async def go(stores: Stores, checkpoint: str, lost: asyncio.Event, wake: Callable[[], None]) -> None:
    """Never returns. `lost` is set when a collection is not where it should be; `wake` is called after each round."""
    while True:
        lost.clear()
        returns = stores.index.returns
        try:
            repairs = await reconcile(stores, checkpoint)
            pause_s = AGAIN_S if repairs and repairs.rebuilt else EVERY_S  # there may be more
        except Unavailable as error:
            log.warning("the reconciliation was cut short", extra={"error": str(error)})
            pause_s = AGAIN_S
        except Exception:
            log.exception("the reconciliation failed")
            pause_s = EVERY_S
        wake()
        ends = time.monotonic() + pause_s
        while (left := ends - time.monotonic()) > 0:
            await asyncio.sleep(min(left, AGAIN_S))
            if lost.is_set() or stores.index.returns != returns:  # it may be back without what it had
                break
