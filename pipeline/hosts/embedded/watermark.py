"""How far event time has certainly come. Reads no clock: the time is an argument, in microseconds since 1970."""

from collections.abc import Collection, Mapping


class Watermark:
    """Follows the newest event time of each partition.

    Parameters
    ----------
    delay
        `max_out_of_orderness`, microseconds.
    idle
        Silence after which a partition is left out, microseconds; none in archive mode: never.
    value
        The watermark so far; it never goes back.
    newest
        Newest event time of each partition so far.

    Examples
    --------
    >>> watermark = Watermark(delay=5, idle=10)
    >>> watermark.see("a", 100, now=1000)
    >>> watermark.advance(["a", "b"], {}, now=1000)
    >>> watermark.advance(["a", "b"], {"b": 990}, now=1000)
    95
    """

    def __init__(
        self, *, delay: int, idle: int | None, value: int | None = None, newest: Mapping[str, int] | None = None
    ) -> None:
        self._delay = delay
        self._idle = idle
        self.value = value
        self.newest = dict(newest or {})

    def see(self, partition: str, moment: int, now: int) -> None:
        """Take the event time of an article; one beyond the clock is not believed."""
        moment = min(moment, now)
        self.newest[partition] = max(moment, self.newest.get(partition, moment))

    def advance(self, partitions: Collection[str], silent: Mapping[str, int], now: int) -> int | None:
        """Move the watermark.

        Parameters
        ----------
        partitions
            All there are.
        silent
            Since when nothing more is in a partition, for those known to be read to their end.
        now
            The clock.
        """
        reached = self._reached(partitions, silent, now)
        if reached is not None and (self.value is None or reached > self.value):
            self.value = reached
        return self.value

    def _reached(self, partitions: Collection[str], silent: Mapping[str, int], now: int) -> int | None:
        idle = self._idle
        active = [name for name in partitions if idle is None or now - silent.get(name, now) < idle]
        if not active:
            return None if idle is None or not partitions else now - idle - self._delay
        moments = [self.newest.get(name) for name in active]
        known = [moment for moment in moments if moment is not None]
        return min(known) - self._delay if len(known) == len(moments) else None
