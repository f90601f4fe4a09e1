"""The databases that the store's tests run on: SQLite, and a real PostgreSQL server."""
