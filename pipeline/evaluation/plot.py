"""A sweep as a drawing. Needs matplotlib, which only those install who draw."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.evaluation.sweep import Swept, Variant

SUFFIXES = ".png", ".svg"


def check_plot(variants: Sequence[Variant], path: Path) -> None:
    """Refuse, before hours of work, what could not be drawn.

    Raises
    ------
    ValueError
        If several keys vary, a value is no number, or the file's suffix is none of `SUFFIXES`.
    ModuleNotFoundError
        If matplotlib is not installed.
    """
    import matplotlib  # noqa: F401

    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: a plot is written as {' or '.join(SUFFIXES)}: end the file's name in one of them")
    values = [value for variant in variants for value in variant.values.values()]
    if len(values) > len(variants) or not all(isinstance(value, int | float) for value in values):
        raise ValueError("a plot shows one key whose values are numbers: sweep one such key, or leave out --plot")


def plot_sweep(swept: Sequence[Swept], path: Path) -> None:
    """Draw the B-cubed F1 of each set over the values of one key.

    Parameters
    ----------
    swept
        What passes `check_plot`.
    path
        File to write; its suffix says what it becomes.
    """
    # The figure itself, not pyplot: that keeps figures of its own and looks for a display.
    from matplotlib.figure import Figure

    (key,) = swept[0].values
    values = [each.values[key] for each in swept]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for place, evaluation in enumerate(swept[0].evaluations):
        f1s = [each.evaluations[place].scores.bcubed.f1 for each in swept]
        axes.plot(values, f1s, marker="o", label=evaluation.name)
    axes.set(xlabel=key, ylabel="B-cubed F1")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
