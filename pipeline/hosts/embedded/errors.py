"""What can stop the embedded host. Each message names value, place and remedy, and is shown without a stack trace."""

PATIENCE_SECONDS = 6 * 3600.0
"""How long a broker may stay away in the middle of a run. After that the run ends, and whatever supervises it may start
it again."""


class HostFailed(Exception):
    """The host cannot go on."""


class StateRefused(HostFailed):
    """The state on disk does not belong to this program, configuration or output."""


class Unreachable(HostFailed):
    """A broker did not answer; trying again may help."""
