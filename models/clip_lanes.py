"""How batches pass through a device: on a GPU two at a time, so that one is copied while the other is computed."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor

from models.types import Embeddings

Forward: TypeAlias = Callable[..., Tensor]
IN_FLIGHT = 2
WARM_UPS = 3
"""Before a graph is captured: libraries choose their kernels meanwhile (PyTorch's notes on CUDA graphs)."""


class Place(Protocol):
    """Where a lane's batches are computed: its memory, and what runs beside what."""

    def stream(self) -> AbstractContextManager[Any]:
        """All of a batch's steps are queued inside of it."""
        ...

    def host_memory(self, count: int, dtype: torch.dtype) -> Tensor:
        """What the device copies from and to by itself."""
        ...

    def to_device(self, data: Tensor) -> Tensor: ...

    def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], None]]:
        """Where the result will be, and what computes it again."""
        ...

    def wait(self) -> None:
        """Until everything that was queued is done."""
        ...


class Lane:
    """What one batch at a time passes through."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._staged: dict[str, Tensor] = {}
        self._graphs: dict[tuple[tuple[int, ...], ...], tuple[list[Tensor], Tensor, Callable[[], None]]] = {}

    @torch.inference_mode()
    def run(self, forward: Forward, arrays: Sequence[np.ndarray]) -> Embeddings:
        """The arrays go to the device, through `forward` and back. Returns when the answer is in ordinary memory."""
        with self._place.stream():
            staged = [self._staged_input(place, each) for place, each in enumerate(arrays)]
            graph = self._graphs.get(_shapes(arrays))
            if graph is None:
                found = forward(*(self._place.to_device(each) for each in staged))
            else:
                inputs, found, replay = graph
                for into, each in zip(inputs, staged, strict=True):
                    into.copy_(each, non_blocking=True)
                replay()
            answer = self._part("output", found.shape, found.dtype)
            answer.copy_(found, non_blocking=True)
            self._place.wait()
            return answer.numpy().copy()  # the next batch overwrites it

    @torch.inference_mode()
    def capture(self, forward: Forward, arrays: Sequence[np.ndarray]) -> None:
        """From now on arrays of these shapes run as one recorded graph."""
        with self._place.stream():
            inputs = [self._place.to_device(torch.from_numpy(each)) for each in arrays]
            for _ in range(WARM_UPS):
                forward(*inputs)
            self._place.wait()
            found, replay = self._place.record(lambda: forward(*inputs))
            self._graphs[_shapes(arrays)] = (inputs, found, replay)

    def forget(self) -> None:
        """Gives the memory of recorded graphs back."""
        self._graphs.clear()

    def _staged_input(self, place: int, array: np.ndarray) -> Tensor:
        part = self._part(f"input {place}", array.shape, torch.from_numpy(np.empty(0, array.dtype)).dtype)
        np.copyto(part.numpy(), array)
        return part

    def _part(self, name: str, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Of host memory that the device copies from and to by itself; it grows to the largest batch."""
        count = math.prod(shape)
        held = self._staged.get(name)
        if held is None or held.dtype != dtype or held.numel() < count:
            held = self._staged[name] = self._place.host_memory(count, dtype)
        return held[:count].view(*shape)


class Host:
    """The CPU, step by step as a GPU."""

    def stream(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def host_memory(self, count: int, dtype: torch.dtype) -> Tensor:
        return torch.empty(count, dtype=dtype)

    def to_device(self, data: Tensor) -> Tensor:
        return data.clone()

    def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], None]]:
        found = work()

        def replay() -> None:
            found.copy_(work())

        return found, replay

    def wait(self) -> None:
        pass


class Cuda:
    """A stream and pinned memory of its own: nothing here is touched by another batch before `wait` has returned."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._own = torch.cuda.Stream(device)

    def stream(self) -> AbstractContextManager[Any]:
        return torch.cuda.stream(self._own)

    def host_memory(self, count: int, dtype: torch.dtype) -> Tensor:
        return torch.empty(count, dtype=dtype, pin_memory=True)

    def to_device(self, data: Tensor) -> Tensor:
        return data.to(self._device, non_blocking=True)

    def record(self, work: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], None]]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._own, capture_error_mode="thread_local"):
            found = work()
        return found, graph.replay

    def wait(self) -> None:
        self._own.synchronize()


class Lanes:
    """As many calls run at once as there are lanes; others wait for one."""

    def __init__(self, device: torch.device) -> None:
        places = [Cuda(device) for _ in range(IN_FLIGHT)] if device.type == "cuda" else [Host()]
        self.all = [Lane(place) for place in places]
        self._free: SimpleQueue[Lane] = SimpleQueue()
        for lane in self.all:
            self._free.put(lane)

    @contextmanager
    def take_all(self) -> Generator[list[Lane]]:
        """Waits until no batch is in any lane; one caller at a time."""
        with ExitStack() as held:
            yield [held.enter_context(self.take()) for _ in self.all]

    @contextmanager
    def take(self) -> Generator[Lane]:
        lane = self._free.get()
        try:
            yield lane
        finally:
            self._free.put(lane)


def _shapes(arrays: Sequence[np.ndarray]) -> tuple[tuple[int, ...], ...]:
    return tuple(each.shape for each in arrays)
