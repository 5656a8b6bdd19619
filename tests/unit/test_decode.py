import asyncio
import os
import signal
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from deployments.decode import DecoderFault, Decoders
from models.photo import PhotoTooSmall, prepare

SIDE = 64


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    opened = Decoders(2)
    yield opened
    opened.close()


def jpeg(side: int = 100) -> bytes:
    written = BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((side, side)).save(written, "JPEG")
    return written.getvalue()


async def test_a_photo_is_prepared_as_in_this_process(decoders: Decoders) -> None:
    data = jpeg()

    pixels = await decoders.prepare(data, SIDE)

    np.testing.assert_array_equal(pixels, prepare(data, SIDE))


async def test_a_bad_photo_keeps_its_code_and_sentence(decoders: Decoders) -> None:
    with pytest.raises(PhotoTooSmall) as raised:
        await decoders.prepare(jpeg(8), SIDE)

    with pytest.raises(PhotoTooSmall, match=str(raised.value)):
        prepare(jpeg(8), SIDE)


async def test_a_decoder_that_was_killed_fails_one_photo_and_is_replaced(decoders: Decoders) -> None:
    await asyncio.gather(*(decoders.prepare(jpeg(), SIDE) for _ in range(4)))
    os.kill(decoders.pids[0], signal.SIGKILL)

    ends = await asyncio.gather(*(decoders.prepare(jpeg(), SIDE) for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(end, DecoderFault) for end in ends) == 1
    assert sum(isinstance(end, np.ndarray) for end in ends) == 7


async def test_a_decoder_that_hangs_is_killed_in_time() -> None:
    decoders = Decoders(1, photo_s_max=1.0)
    await decoders.prepare(jpeg(), SIDE)
    os.kill(decoders.pids[0], signal.SIGSTOP)

    with pytest.raises(DecoderFault):
        await decoders.prepare(jpeg(), SIDE)

    assert (await decoders.prepare(jpeg(), SIDE)).shape == (3, SIDE, SIDE)
    decoders.close()


async def test_no_decoder_outlives_its_owner(decoders: Decoders) -> None:
    await decoders.prepare(jpeg(), SIDE)
    [decoder] = [each.process for each in decoders._decoders if each.process]
    assert decoder.stdin is not None

    decoder.stdin.close()

    assert decoder.wait(timeout=5) == 0
