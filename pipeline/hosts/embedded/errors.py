"""What can stop the embedded host. Each message names value, place and remedy, and is shown without a stack trace."""


class HostFailed(Exception):
    """The host cannot go on."""


class StateRefused(HostFailed):
    """The state on disk does not belong to this program, configuration or output."""


class Unreachable(HostFailed):
    """A broker did not answer; trying again may help."""
