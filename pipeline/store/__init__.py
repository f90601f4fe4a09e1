"""Story events in a database: SQLite or PostgreSQL."""

from pipeline.store.events import MalformedEvent
from pipeline.store.store import Store, StoreError

__all__ = ["MalformedEvent", "Store", "StoreError"]
