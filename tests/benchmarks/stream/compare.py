"""Set the simulated newswire beside real articles.

Usage: python -m tests.benchmarks.stream.compare [--articles N] DATA

DATA is a folder with ``throughput_mix.jsonl.xz``; of its articles the English ones are taken.
"""

import lzma
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from rich.console import Console

from connectors.parsing import parse
from pipeline.config import DetectionConfig
from pipeline.detection.sketch import sketch_article
from pipeline.detection.words import words
from pipeline.evaluation.report import plain_table
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Article, RawArticle, Role
from tests.benchmarks.sampling import PLAUSIBLE
from tests.benchmarks.stream.newswire import Newswire

_SEEN_AT = datetime(2026, 1, 1, tzinfo=UTC)


def english(data: Path, most: int) -> list[Article]:
    parsed = partial(parse, plausible=PLAUSIBLE)
    with lzma.open(data / "throughput_mix.jsonl.xz") as file:
        articles = (parsed(RawArticle("mix", line, "json", _SEEN_AT)).article for line in file)
        return list(islice((article for article in articles if article.language == "en"), most))


def describe(articles: Sequence[Article]) -> dict[str, float]:
    """Give the statistics in which the two should agree."""
    texts = [[word.lower() for word in words(f"{article.title}\n{article.text}")] for article in articles]
    lengths, counts = np.array([len(text) for text in texts]), Counter(word for text in texts for word in text)
    half = len({word for text in texts[: len(texts) // 2] for word in text})
    sketches = [sketch_article(article, DetectionConfig()) for article in articles]
    _, outcomes = detect_stories(sketches, DetectionConfig())
    placements = [placement for outcome in outcomes for _, placement in outcome.placed]
    sizes = np.array(list(Counter(placement.story_id for placement in placements).values()))
    return {
        "words an article, mean": lengths.mean(),
        "words an article, median": float(np.median(lengths)),
        "words an article, 90th percentile": float(np.quantile(lengths, 0.9)),
        "different words an article": float(np.mean([len(set(text)) for text in texts])),
        "different words in all": len(counts),
        "Heaps' exponent over the second half": float(np.log2(len(counts) / half)),
        "share of the 100 commonest words": sum(count for _, count in counts.most_common(100)) / lengths.sum(),
        "share of words that come once": sum(count == 1 for count in counts.values()) / len(counts),
        "salient terms an article": float(np.mean([len(sketch.terms.forms) for sketch in sketches])),
        "stories an article": len(sizes) / len(articles),
        "share of stories of one article": float((sizes == 1).mean()),
        "share of articles in stories of ten or more": sizes[sizes >= 10].sum() / len(articles),
        "articles of the largest story": int(sizes.max()),
        "share of copies": sum(placement.role is Role.COPY for placement in placements) / len(articles),
    }


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--articles", type=int, default=4_000)
    options = parser.parse_args()
    real = describe(english(options.data, options.articles))
    simulated = describe(list(Newswire(options.articles, options.articles / 33_333)))
    table = plain_table("", "real", "simulated")
    for name, value in real.items():
        table.add_row(name, f"{value:,.3g}", f"{simulated[name]:,.3g}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
