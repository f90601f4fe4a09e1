"""Story events in a database: SQLite or PostgreSQL."""

from pipeline.events import MalformedEvent
from pipeline.store.connecting import StoreError
from pipeline.store.store import Store

__all__ = ["MalformedEvent", "Store", "StoreError"]
