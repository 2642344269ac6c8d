# SPDX-License-Identifier: AGPL-3.0-or-later
"""A token bucket: bytes may pass at a rate, with a small burst; what the bytes are is the caller's."""

import time
from collections.abc import Callable


class Bucket:
    """Lets `rate_kbit` through, 1000 bit/s each as lines are sold; one bucket is one line, whoever uses it."""

    def __init__(
        self,
        rate_kbit: int,
        burst: int = 32 * 1024,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate_kbit <= 0:
            raise ValueError(f"a line of {rate_kbit} kbit/s carries nothing")
        self._rate = rate_kbit * 1000 / 8
        self._burst = float(burst)
        self._tokens = float(burst)
        self._clock = clock
        self._sleep = sleep
        self._last = clock()

    def take(self, number: int) -> None:
        """Waits until `number` bytes may pass."""
        self._refill()
        self._tokens -= number
        if self._tokens < 0:
            self._sleep(-self._tokens / self._rate)

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
        self._last = now
