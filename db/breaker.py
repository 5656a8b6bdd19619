"""How long a part that is away is left alone, so that nothing waits for it or is spent on it."""

import time

REST_S_MIN = 0.25
REST_S_MAX = 5.0


class Breaker:
    def __init__(self) -> None:
        self._rest_s = 0.0
        self._until = 0.0

    @property
    def wait_s(self) -> float:
        """How long to leave it alone."""
        return max(0.0, self._until - time.monotonic())

    @property
    def doubtful(self) -> bool:
        """True until something has worked again."""
        return self._rest_s > 0

    def trip(self) -> float:
        """Opens for twice as long as before; how long."""
        if not self.wait_s:
            self._rest_s = min(REST_S_MAX, max(REST_S_MIN, 2 * self._rest_s))
            self._until = time.monotonic() + self._rest_s
        return self.wait_s

    def close(self) -> None:
        """Something worked."""
        self._rest_s = self._until = 0.0
