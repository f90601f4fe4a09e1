"""The store: opened by its address, brought up to date by migrations, changed one transaction at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, delete, exists, select

from pipeline.store import migrating
from pipeline.store.connecting import StoreError, connect, explained
from pipeline.store.events import decode_events
from pipeline.store.queries import last_change
from pipeline.store.tables import articles, mentions, stories
from pipeline.store.writing import begin_change, unseen, write

_PRUNED_AT_ONCE = 200


class Store:
    """A database of stories. Several threads may use it at once.

    Parameters
    ----------
    engine
        Connections to a database whose tables are those of the newest migration; see `Store.open`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a store; one without tables gets them.

        Parameters
        ----------
        url
            ``sqlite:///wirewatch.db`` or ``postgresql://user@host/database``. A password comes from the environment,
            ``WIREWATCH_STORE_PASSWORD``.

        Raises
        ------
        StoreError
            If it cannot be reached, or its tables are those of another version of Wirewatch.
        """
        engine = connect(url)
        try:
            with explained(engine):
                migrating.check(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Let go of the connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def unready(self) -> str:
        """Say why the store cannot be asked just now; empty when it can."""
        try:
            with self.reading() as connection:
                last_change(connection)
        except StoreError as error:
            return str(error)
        return ""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to ask the functions of `pipeline.store.queries` with.

        Raises
        ------
        StoreError
            If the database refuses or cannot be reached.
        """
        with explained(self.engine), self.engine.connect() as connection:
            yield connection

    def apply(self, events: Sequence[bytes]) -> None:
        """Take story events in, all or none: one transaction.

        An event that is there already changes nothing. One of an older revision than the story's newest adds to its
        history and its mentions, but not to its present state. So events may come twice, late and in any order.

        Parameters
        ----------
        events
            Story events as CloudEvents JSON, each one whole.

        Raises
        ------
        MalformedEvent
            If one is no story event; its `index` says which. Trying again will not help.
        StoreError
            If the database refuses or cannot be reached. Trying again may help.
        """
        decoded = decode_events(events)
        with explained(self.engine), self.engine.connect() as connection, connection.begin() as transaction:
            begin_change(connection)
            new = unseen(connection, decoded)
            if new:
                write(connection, new)
            else:
                transaction.rollback()

    def prune(self, before: datetime) -> int:
        """Forget the stories of which nothing was told since a time, and the articles that only they mention.

        Returns
        -------
        int
            How many stories were forgotten.
        """
        pruned = 0
        while num_gone := self._prune_some(before):
            pruned += num_gone
        return pruned

    def _prune_some(self, before: datetime) -> int:
        """Forget the oldest of them in one transaction that does not keep others waiting for long."""
        old = select(stories.c.id).where(stories.c.told_at < before).order_by(stories.c.told_at).limit(_PRUNED_AT_ONCE)
        with explained(self.engine), self.engine.connect() as connection, connection.begin() as transaction:
            # Before it looks: what is old must not be told of anew meanwhile.
            begin_change(connection)
            ids = connection.execute(old).scalars().all()
            if not ids:
                transaction.rollback()
                return 0
            theirs = select(mentions.c.article_key).where(mentions.c.story_id.in_(ids))
            of_others = exists().where(mentions.c.article_key == articles.c.key, mentions.c.story_id.not_in(ids))
            connection.execute(delete(articles).where(articles.c.key.in_(theirs), ~of_others))
            return connection.execute(delete(stories).where(stories.c.id.in_(ids))).rowcount
