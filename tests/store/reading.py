"""The whole content of a store, to compare two of them."""

from typing import Any

from sqlalchemy import select

from pipeline.store import Store
from pipeline.store.tables import metadata

Content = dict[str, list[tuple[Any, ...]]]


def content(store: Store) -> Content:
    """Give every row of every table but the one that only counts changes."""
    with store.reading() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name != "changes"
        }
