"""What can stop a job on Flink. Each message names value, place and remedy, and is shown without a stack trace."""


class JobFailed(Exception):
    """The job cannot be started, or cannot go on."""


class ClusterUnreachable(JobFailed):
    """Flink does not answer; trying again may help."""
