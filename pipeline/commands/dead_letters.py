"""`wirewatch dead-letters`: what could never be processed, to be read, mended and sent again."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands.common import Failure, configured, plausible_dates
from pipeline.config import Config
from pipeline.records import MalformedArticle, RawArticle

if TYPE_CHECKING:
    from pipeline.hosts.letters import Letter

_REASON = click.option(
    "--reason", metavar="CODE", help="Only those of this code (malformed-json), or with these words in their reason."
)


class _NotSent(ValueError):
    """A letter cannot be sent back."""


@click.group(name="dead-letters")
def dead_letters() -> None:
    """Read the dead letters of the broker, and send them back."""


@dead_letters.command(name="list")
@_REASON
@click.option("--all", "show_all", is_flag=True, help="Those that were replayed too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with the input: to be mended.")
@configured
def list_letters(reason: str | None, show_all: bool, as_json: bool, config: Config) -> None:
    """List dead letters that were not replayed: place, code, source, reason."""
    import orjson

    with _letters(config) as letters:
        for each in letters:
            if (show_all or not each.is_replayed) and (reason is None or each.has_reason(reason)):
                click.echo(orjson.dumps(_to_dict(each)) if as_json else _line(each))


@dead_letters.command()
@_REASON
@click.option(
    "--mended",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Lines of `list --json`; to each that has an "article" added, this is sent in place of what was refused.',
)
@click.option("--again", is_flag=True, help="Also those that were replayed before.")
@configured
def replay(reason: str | None, mended: Path | None, again: bool, config: Config) -> None:
    """Send dead letters back to the topic of articles, each once, and say what was done.

    Without --mended they go as they came: for what a change of the configuration or a newer Wirewatch can read. What
    would only become a dead letter again is not sent.
    """
    from kafka import KafkaProducer

    from pipeline.brokers import connect
    from pipeline.hosts.letters import send_back

    servers = _servers(config)
    if config.input.kafka not in (None, servers):
        raise click.UsageError(
            f"the articles are at {config.input.kafka!r} and the dead letters at {servers!r}: a replay is one "
            "transaction on one broker; send what is mended with `wirewatch publish`"
        )
    articles = {} if mended is None else _read_mended(mended)
    topics = (config.input.topic, config.output.dead_letters_topic)
    with _explained(config):
        producer = connect(
            KafkaProducer,
            servers,
            config.kafka,
            # Fixed, so that of two people who replay at once only the later one does.
            transactional_id=f"wirewatch-dead-letters-{topics[1]}",
            compression_type="zstd",
            max_request_size=config.topics.max_message_bytes,
            max_block_ms=round(config.kafka.connect_seconds * 1000),
        )
        try:
            producer.init_transactions()
            wanted = _Wanted(reason, None if mended is None else articles, again=again, config=config)
            with _letters(config) as letters, _consumer(config) as originals:
                num_sent = 0
                for place in send_back(producer, topics, wanted.of(letters, originals)):
                    _tell(place, "sent")
                    num_sent += 1
        finally:
            producer.close(timeout=5)
    num_kept = wanted.report_missing()
    click.echo(f"{num_sent} sent to {topics[0]}, {num_kept} not sent, {wanted.num_done} replayed before")
    if num_kept:
        raise Failure(f"{num_kept} dead letters were not sent; each is named above with its reason")


class _Wanted:
    """Chooses what is sent, and tells of what is not."""

    def __init__(self, reason: str | None, mended: dict[str, Any] | None, *, again: bool, config: Config) -> None:
        from connectors.parsing import parse

        self._reason = reason
        self._mended = mended
        self._again = again
        self._config = config
        self._parse = partial(parse, plausible=plausible_dates(config))
        self._met: set[str] = set()
        self._num_kept = 0
        self.num_done = 0

    def of(self, letters: Iterator["Letter"], originals: Any) -> Iterator[tuple[str, bytes, bytes]]:
        """Give place, key and value of what can be sent."""
        for each in letters:
            if self._mended is None and self._reason is not None and not each.has_reason(self._reason):
                continue
            if self._mended is not None and each.place not in self._mended:
                continue
            self._met.add(each.place)
            if each.is_replayed and not self._again:
                self.num_done += 1
                continue
            try:
                value = self._value(each, originals)
                yield each.place, self._key(each, value), value
            except _NotSent as error:
                self._keep(each.place, str(error))

    def report_missing(self) -> int:
        """Tell of mended letters that were never met; gives how many letters were not sent in all."""
        for place in sorted((self._mended or {}).keys() - self._met):
            self._keep(place, "there is no such dead letter; take its place from `dead-letters list`")
        return self._num_kept

    def _keep(self, place: str, problem: str) -> None:
        self._num_kept += 1
        _tell(place, f"not sent: {problem}")

    def _value(self, each: "Letter", originals: Any) -> bytes:
        import orjson

        from pipeline.hosts.letters import original_of

        if self._mended is not None:
            return orjson.dumps(self._mended[each.place])
        try:
            return original_of(each.letter, originals, self._config.input.topic)
        except LookupError as error:
            raise _NotSent(str(error)) from error

    def _key(self, each: "Letter", value: bytes) -> bytes:
        limit = min(self._config.input.max_article_bytes, self._config.topics.max_message_bytes)
        if len(value) > limit:
            raise _NotSent(f"it has {len(value)} bytes, more than the {limit} that are taken; cut it, or raise that")
        raw = RawArticle(each.letter.source, value, "json", datetime.now(UTC))
        try:
            return self._parse(raw).article.id.encode()
        except MalformedArticle as error:
            raise _NotSent(f"it is still no article: {error}") from error


def _read_mended(path: Path) -> dict[str, Any]:
    """Read mended articles by the place of their letter; a line without one was left alone."""
    import orjson

    found: dict[str, Any] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
            place = str(record["letter"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise click.UsageError(
                f'{str(path)!r}, line {number}: is no JSON object with "letter" ({error!r}); '
                'add "article" to a line of `dead-letters list --json`'
            ) from error
        if "article" in record:
            found[place] = record["article"]
    return found


def _tell(place: str, what: str) -> None:
    click.echo(f"{place}  {what}")


def _line(each: "Letter") -> str:
    done = "  (replayed)" if each.is_replayed else ""
    return f"{each.place}  {each.letter.stage}  {each.letter.source}  {each.letter.reason}{done}"


def _to_dict(each: "Letter") -> dict[str, Any]:
    letter = each.letter
    return {
        "letter": each.place,
        "stage": letter.stage,
        "reason": letter.reason,
        "source": letter.source,
        "arrived_at": datetime.fromtimestamp(each.arrived_ms / 1000, UTC).isoformat(),
        "replayed": each.is_replayed,
        "raw": base64.b64encode(letter.raw).decode("ascii"),
        "text": letter.raw.decode("utf-8", "replace"),
    }


def _servers(config: Config) -> str:
    servers = config.output.kafka or config.input.kafka
    if not servers:
        raise click.UsageError("there is no broker: give kafka in [input] or [output] of --config FILE")
    return servers


@contextmanager
def _explained(config: Config) -> Iterator[None]:
    """Say what is wrong with the brokers or a topic in one sentence."""
    from pipeline.brokers import BrokerError, explained
    from pipeline.sources.kafka.ranges import TopicNotFound

    try:
        with explained(_servers(config), config.kafka):
            yield
    except (BrokerError, TopicNotFound) as error:
        raise Failure(str(error)) from error


@contextmanager
def _consumer(config: Config) -> Iterator[Any]:
    from pipeline.brokers import Connection
    from pipeline.sources.kafka.ranges import open_consumer

    with open_consumer(Connection(_servers(config), config.kafka)) as consumer:
        yield consumer


@contextmanager
def _letters(config: Config) -> Iterator[Iterator["Letter"]]:
    from pipeline.hosts.letters import read_letters

    with _explained(config), _consumer(config) as consumer:
        yield read_letters(consumer, config.output.dead_letters_topic)
