"""The inner loops of detection: compiled where a C compiler was at hand when this was installed, else as Python.

Both give the same to the bit: neither state nor events show which of them ran.
"""

try:
    from pipeline.detection import _native as kernels

    ARE_COMPILED = True
except ImportError:
    from pipeline.detection import plain as kernels  # type: ignore[no-redef]

    ARE_COMPILED = False

__all__ = ["ARE_COMPILED", "kernels"]
