"""From what Flink says of a failure to one sentence that says what to do."""

import re

from pipeline.config import FlinkConfig

_REMEDIES = (
    (
        r"NoResourceAvailable|Could not acquire the minimum required resources",
        "too few task slots for parallelism = {parallelism} in [flink]: start more task managers, or lower it",
    ),
    (
        r"(?s)(ExternalEnvironmentFactory|BeamFnExternalWorkerPool).*(UNAVAILABLE|Connection refused)",
        "no workers answer at {workers}, as the task managers see it: start `wirewatch workers` beside each of "
        "them, or mend workers in [flink]",
    ),
    (
        r"(?s)Timed out while waiting for command.*ExternalEnvironmentFactory|ExternalEnvironmentFactory.*Timed out",
        "the worker pool at {workers} starts no workers: see its log",
    ),
    (
        r"(ModuleNotFoundError|AttributeError: Can't get attribute|ImportError)",
        "the workers at {workers} run another build of Wirewatch than this command: install the same one there, and "
        "start them again",
    ),
    (
        r"no operator for the state|Cannot map checkpoint/savepoint state",
        "the savepoint belongs to another graph: run the build that wrote it, or start without --from and read again",
    ),
    (
        r"FileNotFoundException|Cannot find checkpoint or savepoint",
        "the savepoint is not there, as the job manager sees it: give --from a path that it can read",
    ),
)

_REFUSALS = r"(UnknownVersion|DamagedState|OtherDetection): ([^\[\n]*)"
"""Errors of our own that no restart mends; they reach Flink inside a Python traceback."""


def refusal(cause: str) -> str | None:
    """Give one sentence if our own program refused the state, which no new start mends; none for any other failure."""
    refused = re.search(_REFUSALS, cause)
    return f"the state cannot be used: {refused[2].strip()}" if refused else None


def remedy(cause: str, config: FlinkConfig) -> str | None:
    """Give one sentence for a failure that keeps a job from starting; none for one that may pass.

    Parameters
    ----------
    cause
        The stack trace, as Flink tells it.
    config
        What the sentence names.
    """
    for pattern, sentence in _REMEDIES:
        if re.search(pattern, cause):
            return sentence.format(parallelism=config.parallelism, workers=config.workers)
    return None


def gist(cause: str) -> str:
    """Give the innermost cause of a stack trace in one line; a Python error wins over what Java wraps around it."""
    python = re.findall(r"^(\w+(?:\.\w+)*(?:Error|Exception|Version|State|Detection)): (.*)$", cause, re.MULTILINE)
    errors = [f"{name}: {told}" for name, told in python if not name.startswith(("java.", "org."))]
    if errors:
        return errors[-1]
    inner = re.findall(r"^Caused by: (.*)$", cause, re.MULTILINE)
    return inner[-1] if inner else cause.partition("\n")[0] or "Flink names no cause"
