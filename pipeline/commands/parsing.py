"""Parsing for jobs that live for months."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.commands.common import plausible_dates
from pipeline.config import Config

if TYPE_CHECKING:
    from connectors.parsing import ParsedArticle
    from pipeline.records import RawArticle


@dataclass(frozen=True, slots=True)
class LiveParse:
    """Parses articles as the configuration wants it; a class, so that it can travel to workers by name."""

    config: Config

    def __call__(self, raw: "RawArticle") -> "ParsedArticle":
        from connectors.parsing import parse

        # What is plausible moves with the clock.
        return parse(raw, plausible=plausible_dates(self.config), archive=self.config.input.archive)
