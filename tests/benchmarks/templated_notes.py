"""Find the emerged stories that are made of templated notes of different companies.

Usage: python -m tests.benchmarks.templated_notes ARTICLES ASSIGNMENTS

ARTICLES is the set that was replayed (JSON lines, may be compressed), ASSIGNMENTS what `wirewatch replay` wrote of it.
A note is told by its title (quarterly results, dividends, grain and export inspections), its company by its ticker and
by the words before that or before the first word of the template: one of the two in common makes two companies one. A
story counts where at least three in five of its articles are notes of one kind; it is wrong where its articles are of
more than one company. Prints the sums and up to thirty stories to read.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import orjson

from connectors.files import read_file
from pipeline.records import RawArticle
from tests.running import read_jsonl

KINDS = {
    "results": re.compile(r"\b(QTR|QUARTER|SHR|YEAR NET|HALF|YEAR LOSS|RESULTS)\b|\b(NET|LOSS)$"),
    "dividend": re.compile(r"\b(DIVIDEND|PAYOUT|DIV|SPLIT|DISTRIBUTION)S?\b"),
    "grain": re.compile(r"\b(INSPECTIONS|GRAIN SHIPMENTS|EXPORT SALES|GRAIN EXPORTS)\b"),
}
CORRECTED = re.compile(r"^\W*CORRECT(?:ED|ION)\W+")
TICKER = re.compile(r"<([A-Z]+)(?:\.[A-Z]+)?>")
COMPANY_ENDS = re.compile(
    r" ?<| (?:SETS|YEAR|QTR|[1-4](?:ST|ND|RD|TH)|19\d\d|RAISES|DECLARES|REPORTS|SEES|INC|CORP|CO|LTD)\b|&"
)
EMERGES_WITH = 3


def titles_of(articles: Path) -> dict[str, str]:
    raws = (orjson.loads(raw.data) for raw in read_file(str(articles)) if isinstance(raw, RawArticle))
    return {raw["id"]: raw.get("title") or "" for raw in raws}


def kind_of(title: str) -> str | None:
    return next((kind for kind, pattern in KINDS.items() if pattern.search(title)), None)


def company_of(title: str) -> set[str]:
    """Give the names of a note's company: its ticker, if the title has one, and its first words."""
    title = CORRECTED.sub("", title)
    name = COMPANY_ENDS.split(title.lstrip("<("))[0].strip()
    return {f"<{ticker}>" for ticker in TICKER.findall(title)[:1]} | {name}


def num_companies(titles: Iterable[str]) -> int:
    companies: list[set[str]] = []
    for title in titles:
        names = company_of(title)
        apart = [company for company in companies if company.isdisjoint(names)]
        companies = [*apart, names.union(*(company for company in companies if company not in apart))]
    return len(companies)


def emerged_stories(assignments: Path) -> list[list[str]]:
    reports: dict[str, list[str]] = defaultdict(list)
    for line in read_jsonl(assignments):
        if line["role"] == "report":
            reports[line["story_id"]].append(line["article_id"])
    return [ids for ids in reports.values() if len(ids) >= EMERGES_WITH]


def main(articles: Path, assignments: Path) -> None:
    titles = titles_of(articles)
    stories = emerged_stories(assignments)
    wrong: list[tuple[int, str, list[str]]] = []
    for ids in stories:
        kinds = Counter(kind_of(titles[article_id]) for article_id in ids)
        kind, count = kinds.most_common(1)[0]
        if kind and count >= 0.6 * len(ids) and num_companies(titles[article_id] for article_id in ids) > 1:
            wrong.append((len(ids), kind, [titles[article_id] for article_id in ids]))
    num_articles = sum(size for size, _, _ in wrong)
    print(f"{len(wrong)} of {len(stories)} stories with {EMERGES_WITH} reports mix companies: {num_articles} reports")
    print(dict(Counter(kind for _, kind, _ in wrong)))
    for size, kind, examples in sorted(wrong, reverse=True)[:30]:
        print(f"{size:>4} {kind:<8} {' | '.join(examples[:4])}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
