"""One typed configuration, read from TOML. An unknown key is an error, never ignored."""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=1, le=1024)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Hours = Annotated[float, Meta(gt=0, le=876_000)]
Name = Annotated[str, Meta(min_length=1)]
Share = Annotated[float, Meta(gt=0, le=1)]
Label = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,39}$")]
"""A name that also stands in headers, metrics and names of environment variables."""


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the key, the value and the remedy."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table of the configuration."""


class InputConfig(Section, frozen=True):
    """What is taken as an article."""

    max_article_bytes: Annotated[int, Meta(ge=1024)] = 8 * 1024 * 1024
    """Longest single article, in bytes as it lies in its file after decompression; longer ones are dead-lettered."""
    plausible_from: date = date(1970, 1, 2)
    """Earliest believable `published_at`: the zero of the Unix clock means "unknown" far more often than news."""

    kafka: str | None = None
    """Bootstrap servers, ``host:port``, separated by commas. Either this or `folder` feeds `run`."""
    topic: Name = "articles"
    folder: str | None = None
    """Folder to watch for article files."""
    archive: bool = False
    """Whether `published_at` is the event time of what brings none: for archives. Live, it is the clock."""
    max_out_of_orderness_seconds: NotNegative = 5.0
    """How long the watermark waits for stragglers."""
    partition_idle_seconds: Positive = 10.0
    """After so long without a record a partition no longer holds the watermark back (not in archive mode)."""


class SketchConfig(Section, frozen=True):
    """What detection keeps of an article."""

    num_terms: Count = 64
    """Most salient terms kept of each article."""
    title_weight: NotNegative = 2.0
    """What an occurrence in the title counts, where one in the text counts 1."""
    lead_weight: NotNegative = 2.0
    """Extra weight of a term that stands at the very start; it fades over the first `lead_words` words."""
    lead_words: Positive = 100.0
    name_weight: NotNegative = 0.25
    """Extra weight of a term mostly written with a capital letter."""
    number_weight: NotNegative = 2.5
    """Factor on the weight of numbers: look-alike events differ by them."""
    saturation: NotNegative = 1.0
    """Occurrences after which a term has half its greatest weight (the k of BM25)."""


class CopyConfig(Section, frozen=True):
    """Copies: MinHash-LSH of word shingles at a high threshold."""

    shingle_words: Count = 3
    bands: Count = 32
    rows: Count = 4
    threshold: Share = 0.49
    """Least estimated Jaccard similarity of the shingles of a copy."""
    least_cosine: Share = 0.4
    """Least cosine of the terms of a copy: template and page furniture alone make none."""


class StoryConfig(Section, frozen=True):
    """Stories: MinHash-LSH of weighted terms at a low threshold, then verification by cosine."""

    bands: Count = 128
    rows: Count = 2
    micro_threshold: Share = 0.38
    """Least cosine at which a report joins a micro-cluster, never to be parted from it, ..."""
    micro_crowd_factor: NotNegative = 2.0
    """... which must also be so many times its likeness to the fifth-likest story: in a crowd, near is not enough."""
    cohesion_share: Share = 0.55
    """What share of their own cohesion (mean cosine of the pairs of reports) two groups must reach across to be one,
    if one of them is a single report; ..."""
    share_growth: Annotated[float, Meta(ge=0, le=1)] = 0.15
    """... it grows with the reports of the smaller group to this power, ..."""
    most_share: Share = 0.8
    """... up to this."""
    short_share: Share = 0.42
    """Factor on it for the shortest texts: they share few words with each other, however close."""
    prior_cohesion: Share = 0.11
    """Cohesion taken for what has no pair of reports yet."""
    prior_pairs: Positive = 3.0
    """How many pairs of reports weigh as much as that."""
    least_likeness: Share = 0.06
    """Least mean cosine across two groups, whatever their cohesion."""
    crowd_factor: NotNegative = 2.5
    """How many times as alike as to the fifth-likest story reports must be to their own."""
    prior_articles: Positive = 300.0
    """How many articles of the stream weigh as much as the background frequencies of the language."""
    idf_exponent: NotNegative = 0.6
    """Below 1, rare terms lead less over merely uncommon ones: one shared name alone does not make a story."""
    emerge_reports: Count = 3
    emerge_outlets: Count = 2
    growth_ladder: tuple[Annotated[int, Meta(ge=1)], ...] = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
    """Numbers of reports at which a story that emerged is said to have grown."""
    surge_score: Positive = 3.0
    """Standard deviations by which a story's hourly reports stand out from their past when it is said to surge."""
    surge_noise: Positive = 2.0
    """Reports an hour that are nothing unusual for any story."""


class TimeConfig(Section, frozen=True):
    """Event time: ticks, horizon, lateness."""

    tick_seconds: Annotated[float, Meta(ge=0.001, le=86_400)] = 5.0
    horizon_hours: Hours = 72.0
    """How long a quiet story stays open, and an article findable."""
    allowed_lateness_hours: Annotated[float, Meta(ge=0, le=876_000)] = 24.0
    """How far behind the last decided tick an article may still be admitted, marked `late`."""


class DetectionConfig(Section, frozen=True):
    """All that decides which articles become one story. Detection reads nothing else."""

    sketch: SketchConfig = SketchConfig()
    copies: CopyConfig = CopyConfig()
    stories: StoryConfig = StoryConfig()
    time: TimeConfig = TimeConfig()
    index_depth: Count = 8
    """Newest articles that a look-up takes from each bucket."""
    max_candidates: Count = 64
    """Articles that a new one is compared with: those that share most buckets with it."""
    max_admissions: Annotated[int, Meta(ge=1)] = 200_000
    """Articles that one language keeps findable; beyond it the oldest go before the horizon, and are counted."""


class OutputConfig(Section, frozen=True):
    """How events are signed, and where `run` sends them."""

    source: Annotated[str, Meta(min_length=1)] = "urn:wirewatch"
    """CloudEvents `source` of every event: names the deployment."""

    kafka: str | None = None
    """Bootstrap servers. Either this or `jsonl` takes what `run` finds."""
    topic: Name = "story-events"
    dead_letters_topic: Name = "articles-dead-letters"
    jsonl: str | None = None
    """File of story events."""
    dead_letters_jsonl: str | None = None
    """File of dead letters; beside `jsonl` by default."""


class RunConfig(Section, frozen=True):
    """The long-running job."""

    engine: Literal["embedded", "flink"] = "embedded"
    """One process with its state in SQLite, or the Beam graph on a Flink cluster, as `[flink]` says."""
    state: Name = "wirewatch-state.db"
    """SQLite file that is the one truth of the embedded engine."""


class FlinkConfig(Section, frozen=True):
    """The Flink cluster of the engine `flink`, and the job on it."""

    rest: Name = "127.0.0.1:8081"
    """Flink's REST address, ``host:port``."""
    job_server: Name = "127.0.0.1:8084"
    """Beam's job server, ``host:port``."""
    workers: Name = "127.0.0.1:8086"
    """`wirewatch workers`, as the task managers reach it: one beside each of them."""
    flink_version: Name = "1.19"
    """Flink that the job server is built for; another one on the cluster is refused."""
    beam_version: Name = "2.62.0"
    """Beam of the job server, which cannot be asked for it: told when a job does not start to read. The SDK's own
    version is best, where that can be had."""
    name: Name = "wirewatch"
    """Of the job: a job of this name that runs already is followed, not started again."""
    parallelism: Count = 1
    """Task slots that the job takes; partitions and languages are spread over them."""
    checkpoint_seconds: Annotated[float, Meta(ge=0.1)] = 10.0
    """How often state is made durable; what was read since is read again after a failure."""
    bundle_seconds: Annotated[float, Meta(ge=0.001)] = 0.1
    """How long the engine gathers what a worker is to do at once: shorter is quicker to tell, longer costs less."""
    start_seconds: Positive = 120.0
    """How long a started job may take until it reads."""
    group: str | None = None
    """Consumer group that shows how far the job has read; for monitoring alone, nothing reads it back."""


class PublishConfig(Section, frozen=True):
    """Files into the topic of `[input]`."""

    state: Name = "wirewatch-publish.db"
    """SQLite file that remembers what was published."""
    settle_seconds: NotNegative = 1.0
    """With --follow, a file that is not read line by line must rest so long before it counts as whole."""
    rescan_seconds: Positive = 60.0
    """With --follow, how often the folders are gone through for what the system did not announce."""


class KafkaConfig(Section, frozen=True):
    """How the brokers of `[input]` and `[output]` are reached. Passwords come from the environment only."""

    tls: bool = False
    """Whether connections are encrypted, and the brokers' certificates checked."""
    ca_file: str | None = None
    """PEM file of the authorities that sign for the brokers; the system's by default. Needs `tls`."""
    certificate_file: str | None = None
    """PEM file of the certificate that the brokers ask of clients; needs `tls` and `key_file`."""
    key_file: str | None = None
    """PEM file of its key; if that has a password, it is taken from ``WIREWATCH_KAFKA_KEY_PASSWORD``."""
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """How a password is proven, which is taken from ``WIREWATCH_KAFKA_PASSWORD``; none when none is asked for."""
    username: str | None = None
    """Who signs in; ``WIREWATCH_KAFKA_USERNAME`` wins over it."""
    connect_seconds: Positive = 10.0
    """How long a broker is looked for before the command gives up."""
    delivery_seconds: Annotated[float, Meta(ge=1)] = 120.0
    """How long `publish` tries to deliver a record, across restarts of the broker, before it gives up."""


class TopicsConfig(Section, frozen=True):
    """How `topics create` makes the topics."""

    partitions: Count = 1
    replication: Count = 1
    retention_hours: Positive = 168.0
    """How long the broker keeps articles and events; at least the horizon."""
    max_message_bytes: Annotated[int, Meta(ge=1024)] = 1_048_588
    """Largest record that the topics take."""


class StoreConfig(Section, frozen=True):
    """The database of story events."""

    url: Name = "sqlite:///wirewatch-store.db"
    """``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``, ``?tls=true`` for a checked TLS connection. The
    password comes from ``WIREWATCH_STORE_PASSWORD``."""
    keep_days: Positive | None = None
    """`wirewatch store prune` forgets stories of which nothing was told for so long; none: it must be told how long."""


class ServeConfig(Section, frozen=True):
    """The live page and its API."""

    host: Name = "127.0.0.1"
    """Address to listen on. Any but a loopback address needs a token."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    """0 takes any that is free."""
    token_file: str | None = None
    """File that holds the token that readers must show; ``WIREWATCH_SERVE_TOKEN`` wins over it."""
    stories_per_page: Annotated[int, Meta(ge=1, le=200)] = 30
    poll_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = 1.0
    """How often the store is asked for news."""


class RuleConfig(Section, frozen=True, kw_only=True):
    """A watchlist. All that is given must hold; of a list, one entry is enough."""

    name: Label
    types: tuple[Literal["emerged", "grew", "surged", "merged", "corrected", "closed"], ...] = (
        "emerged",
        "grew",
        "surged",
    )
    """What must have happened to the story."""
    words: tuple[Name, ...] = ()
    """Words and names in any language, compared by their stems; of an entry with several words all must occur."""
    outlets: tuple[Name, ...] = ()
    """Who must have published one of the articles that the event tells of."""
    languages: tuple[Annotated[str, Meta(pattern="^[A-Za-z]{2,3}$")], ...] = ()
    """BCP 47 primary tags, as events have them: ``en``, not ``en-GB`` or ``English``."""
    min_reports: Annotated[int, Meta(ge=0)] = 0
    min_copies: Annotated[int, Meta(ge=0)] = 0
    min_outlets: Annotated[int, Meta(ge=0)] = 0
    min_surge_score: NotNegative = 0.0
    quiet_from: Annotated[time, Meta(tz=False)] | None = None
    """Beginning of the hours in which alerts are held; they are delivered at `quiet_until`."""
    quiet_until: Annotated[time, Meta(tz=False)] | None = None
    time_zone: Name = "UTC"
    """In which the quiet hours are told, as in ``Europe/Berlin``."""


class DestinationConfig(Section, frozen=True, kw_only=True, tag_field="kind"):
    """What every destination has. Its secrets come from the environment, under its name."""

    name: Label
    rules: tuple[Label, ...] = ()
    """Names of the rules of which one must fire; none: every event is delivered."""
    timeout_seconds: Positive = 10.0
    """How long one attempt may take."""
    give_up_hours: Positive = 24.0
    """How long a delivery is tried before it goes to the dead letters."""
    start: Literal["now", "beginning"] = "now"
    """Whether a destination that is new gets what happened before."""

    def variable(self, what: str) -> str:
        """Name the environment variable that holds a secret of this destination.

        Examples
        --------
        >>> WebhookConfig(name="news-desk").variable("secret")
        'WIREWATCH_NEWS_DESK_SECRET'
        """
        return f"WIREWATCH_{self.name}_{what}".replace("-", "_").upper()


class HttpConfig(DestinationConfig, frozen=True):
    """What is sent by HTTP."""

    url: str | None = None
    """Where to; ``WIREWATCH_<NAME>_URL`` wins over it."""
    allow_private: bool = False
    """Whether it may lie in a private network or on this machine, and be reached without TLS."""


class WebhookConfig(HttpConfig, frozen=True, tag="webhook"):
    """Events as they are, signed by Standard Webhooks with ``WIREWATCH_<NAME>_SECRET``."""


class SlackConfig(HttpConfig, frozen=True, tag="slack"):
    """Messages for an incoming webhook of Slack, or of what understands the same."""


class EmailConfig(DestinationConfig, frozen=True, kw_only=True, tag="email"):
    """Messages over SMTP."""

    host: Name
    sender: Name
    recipients: Annotated[tuple[Name, ...], Meta(min_length=1)]
    port: Annotated[int, Meta(ge=1, le=65_535)] = 587
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    """Who signs in; the password is ``WIREWATCH_<NAME>_PASSWORD``."""


class SqlConfig(DestinationConfig, frozen=True, tag="sql"):
    """The store that `serve` shows, or another."""

    url: Name | None = None
    """Where it lies; `[store] url` by default."""
    start: Literal["now", "beginning"] = "beginning"


class DeliverConfig(Section, frozen=True):
    """Story events, as they lie in `[output]`, to whoever must know."""

    state: Name = "wirewatch-deliver.db"
    """SQLite file that remembers what was delivered."""
    keep_days: Positive = 7.0
    """How long events are kept for a destination that is new and begins at the beginning."""
    longest_wait_seconds: Annotated[float, Meta(ge=1)] = 300.0
    """Longest time between two attempts; it grows from a second, with jitter."""
    rules: tuple[RuleConfig, ...] = ()
    destinations: tuple[WebhookConfig | SlackConfig | EmailConfig | SqlConfig, ...] = ()


class MetricsConfig(Section, frozen=True):
    """What a command tells Prometheus."""

    listen: str | None = None
    """``host:port`` at which `publish`, `run`, `deliver` and `serve` tell ``/metrics``, ``/healthz`` and ``/readyz``;
    none by default. ``WIREWATCH_METRICS_LISTEN`` wins over it."""


class Config(Section, frozen=True):
    """The whole configuration; every key has a default."""

    input: InputConfig = InputConfig()
    detection: DetectionConfig = DetectionConfig()
    output: OutputConfig = OutputConfig()
    run: RunConfig = RunConfig()
    flink: FlinkConfig = FlinkConfig()
    publish: PublishConfig = PublishConfig()
    topics: TopicsConfig = TopicsConfig()
    kafka: KafkaConfig = KafkaConfig()
    store: StoreConfig = StoreConfig()
    serve: ServeConfig = ServeConfig()
    deliver: DeliverConfig = DeliverConfig()
    metrics: MetricsConfig = MetricsConfig()


def load_config(path: str | Path | None) -> Config:
    """Read a configuration from a TOML file.

    Parameters
    ----------
    path
        The file; none means every default.

    Raises
    ------
    ConfigError
        If the file is missing, is no TOML, or holds a key or a value that does not belong.
    """
    if path is None:
        return Config()
    try:
        table = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"configuration {str(path)!r} cannot be read: {error.strerror}; give an existing file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {str(path)!r} is not TOML: {error}; mend it there") from error
    return config_from(table, place=str(path))


def config_from(table: dict[str, Any], *, place: str) -> Config:
    """Check a parsed table against the configuration's types; `place` names it in errors.

    Raises
    ------
    ConfigError
        Naming the key, its value and what it must be.
    """
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"configuration {place!r}: {_explain(str(error), table)}") from error
    _check_ladder(config.detection.stories.growth_ladder, place)
    _check_horizon(config.detection.time, place)
    _check_security(config.kafka, place)
    _check_deliver(config.deliver, place)
    return config


def _check_ladder(ladder: tuple[int, ...], place: str) -> None:
    if list(ladder) != sorted(set(ladder)):
        raise ConfigError(
            f"configuration {place!r}: detection.stories.growth_ladder is {list(ladder)}, but must rise: "
            f"write {sorted(set(ladder))}"
        )


def _check_horizon(time: TimeConfig, place: str) -> None:
    if time.horizon_hours * 3600 < 3 * time.tick_seconds:
        raise ConfigError(
            f"configuration {place!r}: detection.time.horizon_hours is {time.horizon_hours}, but must hold three "
            f"ticks: give at least {3 * time.tick_seconds / 3600:g}, or a shorter tick_seconds than {time.tick_seconds}"
        )


def _check_security(kafka: KafkaConfig, place: str) -> None:
    for name in ("ca_file", "certificate_file", "key_file"):
        if getattr(kafka, name) is not None and not kafka.tls:
            raise ConfigError(
                f"configuration {place!r}: kafka.{name} is {getattr(kafka, name)!r}, but kafka.tls is false: "
                f"set tls = true, or leave {name} out"
            )
    if (kafka.certificate_file is None) != (kafka.key_file is None):
        raise ConfigError(
            f"configuration {place!r}: kafka.certificate_file is {kafka.certificate_file!r} and kafka.key_file is "
            f"{kafka.key_file!r}: give both or neither"
        )


def _check_deliver(deliver: DeliverConfig, place: str) -> None:
    _check_names("rules", deliver.rules, place)
    _check_names("destinations", deliver.destinations, place)
    known = [rule.name for rule in deliver.rules]
    for destination in deliver.destinations:
        for name in destination.rules:
            if name not in known:
                raise ConfigError(
                    f"configuration {place!r}: rules of deliver.destinations {destination.name!r} has {name!r}, but "
                    f"there is no such rule: {_meant(name, known)}"
                )
    for rule in deliver.rules:
        _check_words(rule, place)
        _check_quiet_hours(rule, place)


def _check_names(what: str, named: Sequence[RuleConfig | DestinationConfig], place: str) -> None:
    name, count = next(iter(Counter(each.name for each in named).most_common(1)), ("", 0))
    if count > 1:
        raise ConfigError(f"configuration {place!r}: {count} deliver.{what} are named {name!r}: rename all but one")


def _check_words(rule: RuleConfig, place: str) -> None:
    for entry in rule.words:
        if not any(map(str.isalnum, entry)):
            raise ConfigError(
                f"configuration {place!r}: words of deliver.rules {rule.name!r} has {entry!r}, in which no word is, so "
                "that it would match everything: leave it out"
            )


def _check_quiet_hours(rule: RuleConfig, place: str) -> None:
    where = f"configuration {place!r}: deliver.rules {rule.name!r}"
    if (rule.quiet_from is None) != (rule.quiet_until is None):
        raise ConfigError(f"{where} has one of quiet_from and quiet_until: give both, as in 22:00:00, or neither")
    if rule.quiet_from is not None and rule.quiet_from == rule.quiet_until:
        raise ConfigError(f"{where} is quiet from {rule.quiet_from} to the same time: leave both out, or change one")
    try:
        ZoneInfo(rule.time_zone)
    except (KeyError, OSError, ValueError) as error:
        raise ConfigError(
            f"{where} has time_zone {rule.time_zone!r}, which is none: write one such as 'Europe/Berlin'"
        ) from error


def _explain(problem: str, table: dict[str, Any]) -> str:
    """Add to msgspec's words the value that is wrong, or the key that was probably meant."""
    problem, _, path = problem.partition(" - at `$")
    key = path.rstrip("`").lstrip(".")
    unknown = re.search(r"unknown field `(.*)`", problem)
    if problem.startswith(("Invalid value", "Invalid enum value")):
        return f"{key} is {_value_at(table, key)!r}: {_meant(str(_value_at(table, key)), _values_of(key))}"
    if unknown is None:
        return f"{key} is {_value_at(table, key)!r}: {problem[0].lower()}{problem[1:]}"
    return (
        f"unknown key {unknown[1]!r} in {f'[{key}]' if key else 'the top level'}: {_meant(unknown[1], _keys_of(key))}"
    )


def _meant(given: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(given, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known) or 'none'}"


def _value_at(table: Any, key: str) -> Any:
    for part in re.findall(r"[^.\[\]]+", key):
        if isinstance(table, dict):
            table = table.get(part)
        elif isinstance(table, list) and part.isdigit():
            table = table[int(part)]
    return table


def _values_of(key: str) -> list[str]:
    """Give the words that a key may have, of those that have only a few."""
    place, _, name = key.rpartition(".")
    tags = [kind.__struct_config__.tag for kind in _kinds_at(place) if kind.__struct_config__.tag_field == name]
    return tags or [word for kind in _kinds_at(key) for word in _words_in(kind)]


def _words_in(kind: Any) -> list[str]:
    return [kind] if isinstance(kind, str) else [word for part in get_args(kind) for word in _words_in(part)]


def _keys_of(key: str) -> list[str]:
    kinds = _kinds_at(key)
    tag = sorted({field for kind in kinds if (field := kind.__struct_config__.tag_field)})
    return [*tag, *dict.fromkeys(field.name for kind in kinds for field in msgspec.structs.fields(kind))]


def _kinds_at(key: str) -> tuple[Any, ...]:
    kinds: tuple[Any, ...] = (Config,)
    for part in re.findall(r"[^.\[\]]+", key):
        kinds = _kinds_of_elements(kinds) if part.isdigit() else _kinds_of_field(kinds, part)
    return kinds


def _kinds_of_field(kinds: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    return tuple(field.type for kind in kinds for field in msgspec.structs.fields(kind) if field.name == name)


def _kinds_of_elements(kinds: tuple[Any, ...]) -> tuple[Any, ...]:
    element = get_args(kinds[0])[0]
    return get_args(element) or (element,)
