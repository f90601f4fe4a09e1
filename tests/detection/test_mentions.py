"""Mentions that wait until their story is told."""

import pytest

from pipeline.detection.archive import Archive
from pipeline.detection.furniture import Furniture
from pipeline.detection.grouping import Linkage
from pipeline.detection.idf import StreamIdf
from pipeline.detection.lifecycle import Lifecycle
from pipeline.detection.mentions import Draft, Untold
from pipeline.detection.micro import MicroCluster
from pipeline.detection.placing import Placer
from pipeline.detection.spool import MemorySpool
from pipeline.detection.stories import Stories
from pipeline.detection.story import Story
from pipeline.records import EventType, Role, RunnerUp
from tests.detection.making import CONFIG


def draft(title: str, role: Role = Role.REPORT) -> Draft:
    return Draft(title, role, 1, title, "outlet", None, 0.5, ("a", "b"), RunnerUp("other", 0.25), late=True)


def story_with(*drafts: Draft, num_reports: int) -> Story:
    micro = MicroCluster("id", 0, 0, num_reports=num_reports, num_unknown_outlets=num_reports)
    for number, each in enumerate(drafts):
        micro.tell(number, each)
    return Story("id", "en", micros=(micro,), num_reports=num_reports)


@pytest.mark.parametrize("role", Role)
def test_a_mention_waits_as_bytes_and_comes_back_whole(role: Role) -> None:
    untold = Untold(7, draft("title", role))
    assert Untold.read(untold.encoded()) == untold
    mention = untold.draft.mention()
    assert (mention.role, mention.terms, mention.runner_up) == (role, ("a", "b"), RunnerUp("other", 0.25))


def test_beyond_five_hundred_mentions_only_the_number_is_kept() -> None:
    story = story_with(*[draft(str(number)) for number in range(502)], num_reports=1)
    mentions, num_omitted = story.take_untold()
    assert [mention.title for mention in mentions] == [str(number) for number in range(500)]
    assert num_omitted == 2
    assert story.take_untold() == ([], 0)


def test_a_story_that_emerges_when_its_reports_are_gone_is_called_as_its_first_mention() -> None:
    archive, stories, config = Archive(CONFIG, MemorySpool()), Stories(), CONFIG.stories
    linkage = Linkage(config, CONFIG.sketch.num_terms)
    idf = StreamIdf(config.prior_articles, config.idf_exponent)
    placer = Placer(CONFIG, linkage, archive, stories, idf, Furniture({}))
    event = Lifecycle(config, archive, placer).settle(story_with(draft("first"), draft("second"), num_reports=50))
    assert event is not None
    assert (event.type, event.headline, event.keywords) == (EventType.EMERGED, "first", ())
