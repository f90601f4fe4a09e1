"""How a story grew, as a line to draw."""

from dataclasses import dataclass
from itertools import pairwise

from pipeline.store.views import StoryView


@dataclass(frozen=True, slots=True)
class Dot:
    """A number of reports at a time, in units of the drawing."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing `width` wide and `height` high; zero reports lie at its bottom."""

    width: int
    height: int
    dots: tuple[Dot, ...]

    @property
    def line(self) -> str:
        """The ``points`` of an SVG polyline, in steps: between two reports nothing grew."""
        steps = [f"{after.x},{before.y} {after.x},{after.y}" for before, after in pairwise(self.dots)]
        return " ".join([f"{self.dots[0].x},{self.dots[0].y}", *steps])

    @property
    def area(self) -> str:
        """The ``points`` of the polygon beneath the line."""
        return f"{self.dots[0].x},{self.height} {self.line} {self.dots[-1].x},{self.height}"


def growth_chart(story: StoryView, width: int, height: int, margin: int) -> Chart:
    """Draw the reports of a story over event time, from its first report to what was told of it last.

    Parameters
    ----------
    story
        With its growth.
    width, height
        Size of the drawing.
    margin
        Room left at every side but the bottom, so that no dot is cut.
    """
    grown = sorted((point.time, point.num_reports) for point in story.growth)
    points = [(story.first_seen, 0), *grown, (max(story.last_seen, story.told_at), story.num_reports)]
    start = min(time for time, _ in points)
    seconds = max((time - start).total_seconds() for time, _ in points) or 1.0
    most = max(number for _, number in points) or 1
    dots = [
        Dot(
            x=round(margin + (width - 2 * margin) * (time - start).total_seconds() / seconds, 1),
            y=round(height - (height - margin) * number / most, 1),
        )
        for time, number in points
    ]
    return Chart(width, height, tuple(dots))
