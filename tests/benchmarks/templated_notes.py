"""Find the emerged stories that are made of templated notes of different companies.

Usage: python -m tests.benchmarks.templated_notes ARTICLES ASSIGNMENTS

ARTICLES is the set that was replayed (JSON lines, may be compressed), ASSIGNMENTS what `wirewatch replay` wrote of it.
A note is told by its title (quarterly results, dividends, grain and export inspections), its company by its ticker and
by the words before that or before the first word of the template: one of the two in common makes two companies one. A
story counts where at least three in five of its articles are notes of one kind; it is wrong where its articles are of
more than one company. A copy that is a note is wrong where no report of its story is of its company. Prints the
sums, and up to thirty of each to read.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
SHARE_OF_NOTES = 0.6
MOST_SHOWN = 30


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


def wrong_stories(titles: Mapping[str, str], assigned: Sequence[Mapping[str, str]]) -> None:
    reports: dict[str, list[str]] = defaultdict(list)
    for one in assigned:
        if one["role"] == "report":
            reports[one["story_id"]].append(titles[one["article_id"]])
    stories = [found for found in reports.values() if len(found) >= EMERGES_WITH]
    wrong: list[tuple[int, str, list[str]]] = []
    for found in stories:
        kind, count = Counter(map(kind_of, found)).most_common(1)[0]
        if kind and count >= SHARE_OF_NOTES * len(found) and num_companies(found) > 1:
            wrong.append((len(found), kind, found))
    num_articles = sum(size for size, _, _ in wrong)
    share = len(wrong) / len(stories)
    print(f"{len(wrong)} of {len(stories)} stories ({share:.1%}) mix companies: {num_articles} reports")
    print(dict(Counter(kind for _, kind, _ in wrong)))
    for size, kind, examples in sorted(wrong, reverse=True)[:MOST_SHOWN]:
        print(f"{size:>4} {kind:<8} {' | '.join(examples[:4])}")


def wrong_copies(titles: Mapping[str, str], assigned: Sequence[Mapping[str, str]]) -> None:
    reports: dict[str, list[str]] = defaultdict(list)
    for one in assigned:
        if one["role"] == "report":
            reports[one["story_id"]].append(titles[one["article_id"]])
    copies = [(titles[one["article_id"]], one["story_id"]) for one in assigned if one["role"] == "copy"]
    wrong = [
        (title, reports[story_id])
        for title, story_id in copies
        if kind_of(title) and not any(company_of(title) & company_of(report) for report in reports[story_id])
    ]
    print(f"{len(wrong)} of {len(copies)} copies ({len(wrong) / len(copies):.1%}) copy a note of another company")
    for title, originals in wrong[:MOST_SHOWN]:
        print(f"     {title} <- {' | '.join(originals[:3])}")


def main(articles: Path, assignments: Path) -> None:
    titles = titles_of(articles)
    assigned = read_jsonl(assignments)
    wrong_stories(titles, assigned)
    wrong_copies(titles, assigned)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
