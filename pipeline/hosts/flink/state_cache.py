"""The worker's cache of state, without the bags."""

import sys
from typing import Any

from apache_beam.runners.worker.statecache import StateCache, WeightedValue

_LARGEST_CELL = 4
"""Elements of a list that may still be a value, which is a list of one, and not a bag."""


class CellCache(StateCache):
    """Keeps values, so that reading one asks nobody, and lets go of bags as they grow.

    Beam's own keeps a bag that it has seen empty, and measures all of it, object by object, at each element that is
    added: a bag of n articles costs n squared. Ours are read only when a journal is rebuilt. Measuring alone took a
    quarter of a worker's time: it goes through the globals of every module first. Our values hold numbers and bytes.
    """

    def put(self, key: Any, value: Any) -> None:
        if not isinstance(value, list):
            super().put(key, value)
        elif len(value) > _LARGEST_CELL:
            self.invalidate(key)
        else:
            super().put(key, WeightedValue(value, sys.getsizeof(value) + sum(map(sys.getsizeof, value))))
