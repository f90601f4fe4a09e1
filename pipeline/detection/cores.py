"""A core as it is stored: in pieces, so that one that holds all news of three days is never written in one go."""

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.detection.codec import compress, decode, decompress, encode
from pipeline.detection.detector import Core
from pipeline.detection.story import Story

_STORIES_A_PIECE = 256


class _Piece(msgspec.Struct, frozen=True, array_like=True):
    place: int
    """Of its first story among all."""
    stories: list[Story]
    rest: Core | None
    """All but the stories, in the first piece."""


def pieces_of(core: Core) -> Iterator[bytes]:
    """Write a core; no piece takes much memory, however many stories there are."""
    rest = msgspec.structs.replace(core, stories=[])
    for place in range(0, max(1, len(core.stories)), _STORIES_A_PIECE):
        stories = core.stories[place : place + _STORIES_A_PIECE]
        yield compress(encode(_Piece(place, stories, None if place else rest)))


def core_of(pieces: Iterable[bytes]) -> Core:
    """Read what `pieces_of` wrote, in any order; no piece is an empty core.

    Raises
    ------
    pipeline.detection.codec.UnknownVersion
        If another version of the program wrote it.
    pipeline.detection.codec.DamagedState
        If no version wrote it.
    """
    read = sorted((decode(decompress(piece), _Piece) for piece in pieces), key=lambda piece: piece.place)
    core = read[0].rest if read else None
    stories = [story for piece in read for story in piece.stories]
    return Core() if core is None else msgspec.structs.replace(core, stories=stories)
