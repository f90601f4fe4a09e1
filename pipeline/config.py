"""One typed configuration, read from TOML. An unknown key is an error, never ignored."""

import tomllib
from pathlib import Path

import msgspec


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the key, the place and the remedy."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every table of the configuration."""


class InputConfig(Section, frozen=True):
    """What is taken as an article."""

    max_article_bytes: int = 8 * 1024 * 1024
    """Longest single article, in bytes as it lies in its file after decompression; longer ones are dead-lettered."""
    plausible_from: str = "1970-01-02"
    """Earliest believable `published_at`: the zero of the Unix clock means "unknown" far more often than news."""


class SketchConfig(Section, frozen=True):
    """What detection keeps of an article."""

    num_terms: int = 64
    """Most salient terms kept of each article."""
    title_weight: float = 1.0
    """What an occurrence in the title counts, where one in the text counts 1."""
    lead_weight: float = 0.5
    """Extra weight of a term that stands at the very start; it fades over the first `lead_words` words."""
    lead_words: float = 60.0
    name_weight: float = 0.25
    """Extra weight of a term mostly written with a capital letter."""
    number_weight: float = 1.5
    """Factor on the weight of numbers: look-alike events differ by them."""
    saturation: float = 1.0
    """Occurrences after which a term has half its greatest weight (the k of BM25)."""


class CopyConfig(Section, frozen=True):
    """Copies: MinHash-LSH of word shingles at a high threshold."""

    shingle_words: int = 5
    bands: int = 32
    rows: int = 4
    threshold: float = 0.5
    """Least estimated Jaccard similarity of the shingles of a copy."""


class StoryConfig(Section, frozen=True):
    """Stories: MinHash-LSH of weighted terms at a low threshold, then verification."""

    bands: int = 128
    rows: int = 2
    threshold: float = 0.2
    """Least score at which the best story admits an article."""
    size_exponent: float = 0.8
    """1 compares with the story's centre (cosine), 0 with its average report; between the two, large loose stories
    need better evidence."""
    rival_weight: float = 0.15
    """How much a strong second-best story counts against the best one."""
    rival_floor: float = 0.15
    """A second-best score up to this is background and counts nothing."""
    prior_articles: float = 3000.0
    """How many articles of the stream weigh as much as the background frequencies of the language."""
    idf_exponent: float = 0.7
    emerge_reports: int = 3
    emerge_outlets: int = 2
    growth_ladder: tuple[int, ...] = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
    """Numbers of reports at which a story that emerged is said to have grown."""


class TimeConfig(Section, frozen=True):
    """Event time: ticks, horizon, lateness."""

    tick_seconds: float = 5.0
    horizon_hours: float = 72.0
    """How long a quiet story stays open, and an article findable."""
    allowed_lateness_hours: float = 24.0
    """How far behind the last finished tick an article may still be admitted, marked `late`."""


class DetectionConfig(Section, frozen=True):
    """All that decides which articles become one story. Detection reads nothing else."""

    sketch: SketchConfig = SketchConfig()
    copies: CopyConfig = CopyConfig()
    stories: StoryConfig = StoryConfig()
    time: TimeConfig = TimeConfig()
    index_depth: int = 8
    """Newest articles kept in each bucket."""
    max_admissions: int = 200_000
    """Articles that one language keeps findable; beyond it the oldest go before the horizon, and are counted."""


class OutputConfig(Section, frozen=True):
    """How events are signed."""

    source: str = "urn:wirewatch"
    """CloudEvents `source` of every event: names the deployment."""


class Config(Section, frozen=True):
    """The whole configuration; every key has a default."""

    input: InputConfig = InputConfig()
    detection: DetectionConfig = DetectionConfig()
    output: OutputConfig = OutputConfig()


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
        raise ConfigError(f"configuration {str(path)!r} is not TOML: {error}") from error
    return config_from(table, place=str(path))


def config_from(table: dict[str, object], *, place: str) -> Config:
    """Check a parsed table against the configuration's types; `place` names it in errors."""
    try:
        return check(msgspec.convert(table, Config))
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"configuration {place!r}: {error}; see docs/configuration.md for every key, its type and default"
        ) from error
    except ConfigError as error:
        raise ConfigError(f"configuration {place!r}: {error}") from error


def check(config: Config) -> Config:
    """Refuse values that have the right type but make no sense.

    Raises
    ------
    ConfigError
        Naming the key, the value and what it must be.
    """
    detection = config.detection
    rules: list[tuple[str, float, bool, str]] = [
        (
            "input.max_article_bytes",
            config.input.max_article_bytes,
            config.input.max_article_bytes >= 1024,
            "at least 1024",
        ),
        (
            "detection.sketch.num_terms",
            detection.sketch.num_terms,
            1 <= detection.sketch.num_terms <= 1024,
            "1 to 1024",
        ),
        ("detection.sketch.lead_words", detection.sketch.lead_words, detection.sketch.lead_words > 0, "above 0"),
        ("detection.sketch.saturation", detection.sketch.saturation, detection.sketch.saturation >= 0, "0 or more"),
        (
            "detection.copies.threshold",
            detection.copies.threshold,
            0 < detection.copies.threshold <= 1,
            "above 0, at most 1",
        ),
        (
            "detection.copies.shingle_words",
            detection.copies.shingle_words,
            detection.copies.shingle_words >= 1,
            "at least 1",
        ),
        ("detection.stories.threshold", detection.stories.threshold, detection.stories.threshold > 0, "above 0"),
        ("detection.stories.rival_floor", detection.stories.rival_floor, detection.stories.rival_floor > 0, "above 0"),
        (
            "detection.stories.size_exponent",
            detection.stories.size_exponent,
            0 <= detection.stories.size_exponent <= 1,
            "0 to 1",
        ),
        (
            "detection.stories.prior_articles",
            detection.stories.prior_articles,
            detection.stories.prior_articles > 0,
            "above 0",
        ),
        (
            "detection.stories.emerge_reports",
            detection.stories.emerge_reports,
            detection.stories.emerge_reports >= 1,
            "at least 1",
        ),
        (
            "detection.time.tick_seconds",
            detection.time.tick_seconds,
            detection.time.tick_seconds >= 0.001,
            "at least 0.001",
        ),
        (
            "detection.time.horizon_hours",
            detection.time.horizon_hours,
            detection.time.horizon_hours * 3600 >= 3 * detection.time.tick_seconds,
            "at least three ticks",
        ),
        ("detection.index_depth", detection.index_depth, 1 <= detection.index_depth <= 1024, "1 to 1024"),
        ("detection.max_admissions", detection.max_admissions, detection.max_admissions >= 1, "at least 1"),
    ]
    for layer, lsh in (("copies", detection.copies), ("stories", detection.stories)):
        rules.append((f"detection.{layer}.bands", lsh.bands, 1 <= lsh.bands <= 1024, "1 to 1024"))
        rules.append((f"detection.{layer}.rows", lsh.rows, 1 <= lsh.rows <= 64, "1 to 64"))
    for key, value, holds, remedy in rules:
        if not holds:
            raise ConfigError(f"{key} is {value}, but must be {remedy}")
    ladder = detection.stories.growth_ladder
    if list(ladder) != sorted(set(ladder)):
        raise ConfigError(f"detection.stories.growth_ladder is {list(ladder)}, but must rise from rung to rung")
    return config
