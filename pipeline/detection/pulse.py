"""The pulse: how fast reports come, how fast they used to, and how far the one stands out from the other."""

import math

import msgspec

_SLOT = 300_000_000
_SLOTS = 12
_HALF_LIFE = 72
_DECAY = 1.0 - 0.5 ** (1.0 / _HALF_LIFE)
_LONGEST_GAP = 10 * _HALF_LIFE
"""After so many slots without a report the past has faded to a thousandth."""


class Pulse(msgspec.Struct, gc=False):
    """Reports of the last hour, and the fading mean and variance of what that number was before.

    The hour slides in steps of five minutes of event time; the past fades with a half-life of six hours.

    References
    ----------
    E. Schubert, M. Weiler, H.-P. Kriegel, *SigniTrend: scalable detection of emerging topics in textual streams by
    hashed significance thresholds*, 2014: exponentially weighted mean and variance, and the significance below.
    """

    first_slot: int
    slot: int
    """Of the newest report, counted from 1970."""
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * _SLOTS)
    """Reports of the hour's slots, the newest last."""
    mean: float = 0.0
    variance: float = 0.0

    @classmethod
    def begin(cls, moment: int) -> "Pulse":
        """Start to listen at an event time, microseconds since 1970, with nothing heard yet."""
        return cls(moment // _SLOT, moment // _SLOT)

    @property
    def rate(self) -> int:
        """Reports of the last hour."""
        return sum(self.counts)

    @property
    def is_settled(self) -> bool:
        """Whether it listened for two hours: before that there is no past to compare with."""
        return self.slot - self.first_slot >= 2 * _SLOTS

    def beat(self, moment: int) -> None:
        """Hear a report; one that comes late counts where the pulse stands."""
        slot = moment // _SLOT
        for step in range(min(slot - self.slot, _LONGEST_GAP)):
            self._step(self.slot + step)
        self.slot = max(self.slot, slot)
        self.counts[-1] += 1

    def swell(self) -> float:
        """Give the rate as a multiple of what it used to be, at least 1."""
        return max(1.0, self.rate / self.mean) if self.mean > 0.0 else 1.0

    def surge(self, swell: float, noise: float) -> float:
        """Give how far the rate stands out from its own past, in standard deviations; never below 0.

        Parameters
        ----------
        swell
            Multiple that all the news of the language has swollen to: so much more was to be expected.
        noise
            Reports an hour that are nothing unusual for any story.
        """
        expected = max(self.mean * swell, noise)
        return max(0.0, (self.rate - expected) / (math.sqrt(self.variance) + noise))

    def _step(self, slot: int) -> None:
        num_hours = slot - self.first_slot - _SLOTS + 2
        if num_hours > 0:
            # A plain mean as long as little is known; the first hour is not whole, so it says nothing.
            decay = max(_DECAY, 1.0 / num_hours)
            difference = self.rate - self.mean
            self.mean += decay * difference
            self.variance = (1.0 - decay) * (self.variance + decay * difference * difference)
        self.counts = [*self.counts[1:], 0]
