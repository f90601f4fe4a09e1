"""Which values of `[detection]` stored state depends on, and which may change under it."""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from pipeline.config import DetectionConfig


class OtherDetection(ValueError):
    """State was made under values of `[detection]` with which it cannot be read."""


class Rules(NamedTuple):
    """When a story is told: what may change between two runs. All else shapes sketches, placements or time."""

    emerge_reports: int
    emerge_outlets: int
    growth_ladder: tuple[int, ...]
    surge_score: float
    surge_noise: float

    @classmethod
    def of(cls, config: DetectionConfig) -> "Rules":
        return cls(*(getattr(config.stories, name) for name in cls._fields))

    def applied(self, config: DetectionConfig) -> DetectionConfig:
        """Give the configuration with these rules in the place of its own."""
        return msgspec.structs.replace(config, stories=msgspec.structs.replace(config.stories, **self._asdict()))


_NO_RULES = Rules(1, 1, (), 1.0, 1.0)


def shape_of(config: DetectionConfig) -> bytes:
    """Give a digest of all values but the rules: state is good under equal ones only."""
    return blake2b(msgspec.json.encode(_NO_RULES.applied(config)), digest_size=8).digest()


def check_shape(stored: bytes, config: DetectionConfig) -> None:
    """Refuse state of another shape; state that names none is older than this check.

    Raises
    ------
    OtherDetection
        With the remedy.
    """
    if stored and stored != shape_of(config):
        raise OtherDetection(
            "detection state was made under other values of [detection] (only "
            f"{', '.join(f'stories.{name}' for name in Rules._fields)} may change): put the old values back, or start "
            "from empty state and replay the articles of the last horizon"
        )
