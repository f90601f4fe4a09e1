"""The JSON API."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from pipeline.records import Role
from pipeline.store.queries import (
    find_mentions,
    find_revisions,
    find_stories,
    find_story,
    languages,
    outlets,
    successor,
)
from pipeline.store.views import MentionView, RevisionView, StoryView
from pipeline.web.site import After, HasSite, Wanted, cursor_of

MENTIONS_A_PAGE = 100

StoryId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, lt=2**31, description="How many to pass over.")]

router = APIRouter(prefix="/api", tags=["stories"])


class StoryMerged(Exception):
    """The story that was asked for goes on as another one.

    Parameters
    ----------
    into
        That one's id.
    """

    def __init__(self, into: str) -> None:
        super().__init__(into)
        self.into = into


@dataclass(frozen=True, slots=True)
class StoryList:
    """Stories, those first of which something was told last."""

    stories: list[StoryView]
    next: str | None
    """Give it as `before` for the stories after these; none when there are no more."""


@dataclass(frozen=True, slots=True)
class StoryDetail:
    """All that is known of a story."""

    story: StoryView
    revisions: list[RevisionView]
    """Its events, the newest first."""
    num_missing_revisions: int
    """Events that the store has not seen, though it has later ones."""
    reports: list[MentionView]
    """Independent accounts, the first to come first."""
    copies: list[MentionView]
    moved: list[MentionView]
    """What turned out to belong to another story."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What filters can be set to."""

    languages: list[str]
    outlets: list[str]


@router.get("/stories")
def list_stories(site: HasSite, wanted: Wanted, after: After, limit: Limit = 50) -> StoryList:
    """Find stories by language, outlet, words and number of reports."""
    with site.store.reading() as connection:
        # One more than asked for tells whether there are any after these.
        found = find_stories(connection, wanted, limit + 1, after)
    page = found[:limit]
    return StoryList(page, cursor_of(page[-1]) if len(found) > limit else None)


@router.get("/stories/{story_id}", responses={308: {"description": "Merged into the story there"}, 404: {}})
def show_story(
    site: HasSite, story_id: StoryId, reports_from: Offset = 0, copies_from: Offset = 0, moved_from: Offset = 0
) -> StoryDetail:
    """Give a story with its history and its mentions, 100 of each role at a time."""
    return story_detail(site, story_id, reports_from, copies_from, moved_from)


@router.get("/choices")
def show_choices(site: HasSite) -> Choices:
    """Name the languages and outlets that stories can be filtered by."""
    with site.store.reading() as connection:
        return Choices(languages(connection), outlets(connection))


def story_detail(site: HasSite, story_id: str, reports_from: int, copies_from: int, moved_from: int) -> StoryDetail:
    """Read a story.

    Raises
    ------
    StoryMerged
        If another story goes on in its place.
    HTTPException
        404 if the store does not know it.
    """
    with site.store.reading() as connection:
        goes_on_as = successor(connection, story_id)
        if goes_on_as != story_id:
            raise StoryMerged(goes_on_as)
        story = find_story(connection, story_id)
        if story is None:
            raise HTTPException(404, f"No story has the id {story_id}. It may have been forgotten with age.")
        revisions = find_revisions(connection, story_id)
        return StoryDetail(
            story=story,
            revisions=revisions,
            num_missing_revisions=story.revision - len(revisions),
            reports=find_mentions(connection, story_id, Role.REPORT, limit=MENTIONS_A_PAGE, offset=reports_from),
            copies=find_mentions(connection, story_id, Role.COPY, limit=MENTIONS_A_PAGE, offset=copies_from),
            moved=find_mentions(connection, story_id, Role.MOVED, limit=MENTIONS_A_PAGE, offset=moved_from),
        )
