"""A job on Flink: starts it, waits until it reads, and follows it. Flink runs it; this process only looks on."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator

import apache_beam as beam

from pipeline.config import FlinkConfig
from pipeline.hosts.flink.diagnosis import gist, refusal, remedy
from pipeline.hosts.flink.errors import ClusterUnreachable, JobFailed
from pipeline.hosts.flink.rest import Flink
from pipeline.hosts.flink.submission import submit

_LOOK_SECONDS = 1.0
_FOLLOW_SECONDS = 5.0
_HANDOVER_SECONDS = 180.0
"""How long the job server may take to give a job to Flink: it sends all its jars along, 20 s on a busy machine."""
_PATIENCE_SECONDS = 300.0
"""How long Flink may stay silent while a job is followed: a job manager that was restarted needs its time."""


class Job:
    """The job of one configuration.

    Parameters
    ----------
    config
        Where it runs and what it is called.
    stop
        Set when nobody wants to look on any longer; the job goes on.
    say
        Told what a person wants to know, a sentence at a time.
    """

    def __init__(self, config: FlinkConfig, *, stop: threading.Event, say: Callable[[str], None]) -> None:
        self._config = config
        self._flink = Flink(config.rest)
        self._stop = stop
        self._say = say

    def run(self, graph: beam.PTransform, *, savepoint: str | None) -> None:
        """Start the job unless it runs already, and follow it until it ends or `stop` is set.

        Parameters
        ----------
        graph
            What the job does.
        savepoint
            Savepoint or checkpoint to go on from; none starts with nothing.

        Raises
        ------
        JobFailed
            If it does not start, does not read, or fails. A job that this call started and that never read is
            cancelled.
        """
        self._check_version()
        found = self._flink.running(self._config.name)
        if found and savepoint is not None:
            raise JobFailed(
                f"a job {self._config.name!r} runs already ({found[0]}): stop it first with `wirewatch stop`, or leave "
                "out --from"
            )
        if found:
            self._say(f"job {found[0]} runs already; following it")
            self._follow(found[0])
            return
        before = self._flink.jobs(self._config.name)
        submit(graph, self._config, savepoint=savepoint)
        job = self._await_job(before)
        try:
            self._await_reading(job)
        except JobFailed:
            # It would fail and start again for ever.
            if job in self._flink.running(self._config.name):
                self._flink.cancel(job)
            raise
        if not self._stop.is_set():
            self._follow(job)

    def stop(self, folder: str | None) -> str:
        """Write a savepoint and end the job; gives where the savepoint is."""
        found = self._flink.running(self._config.name)
        if not found:
            raise JobFailed(
                f"no job {self._config.name!r} runs on Flink at {self._config.rest}: there is nothing to stop"
            )
        return self._flink.stop(found[0], folder)

    def _check_version(self) -> None:
        version = str(self._flink.overview()["flink-version"])
        if not f"{version}.".startswith(f"{self._config.flink_version}."):
            raise JobFailed(
                f"Flink at {self._config.rest} is {version}, but flink_version in [flink] is "
                f"{self._config.flink_version}, for which the job server is built: run that one, or mend both"
            )

    def _await_job(self, before: Collection[str]) -> str:
        """Wait until Flink has the job that the job server was given."""
        for _ in self._looks(_HANDOVER_SECONDS):
            found = [job for job in self._flink.jobs(self._config.name) if job not in before]
            if found:
                return found[0]
        raise JobFailed(
            f"the job server at {self._config.job_server} took the job, but Flink at {self._config.rest} did not "
            f"get it within {_HANDOVER_SECONDS:g} s: see whether it was started for this Flink, and its log"
        )

    def _await_reading(self, job: str) -> None:
        """Wait until a worker has asked the brokers: a job can run, and write checkpoints, and do nothing."""
        begun = time.monotonic()
        told_of_slots = False
        for _ in self._looks(self._config.start_seconds):
            state = self._flink.state(job)
            self._fail_if_ended(job, state)
            sentence = remedy(self._flink.newest_cause(job), self._config)
            if sentence is not None:
                raise JobFailed(f"job {job} cannot run: {sentence}")
            if self._flink.counters(job)["polls_total"]:
                self._say(f"job {job} reads, {time.monotonic() - begun:.0f} s after Flink took it")
                return
            free = self._flink.overview()["slots-available"]
            if (
                not told_of_slots
                and not free
                and any(part["status"] == "SCHEDULED" for part in self._flink.vertices(job))
            ):
                self._say(f"job {job} waits for {self._config.parallelism} task slots")
                told_of_slots = True
        if not self._stop.is_set():
            raise JobFailed(self._why_it_does_not_read(job))

    def _fail_if_ended(self, job: str, state: str) -> None:
        """Fail if the job has, or if it refuses its state: then it is ended, and the state stays as it is."""
        cause = self._flink.newest_cause(job)
        refused = refusal(cause)
        if refused is not None:
            self._flink.cancel(job)
            raise JobFailed(f"job {job} was ended: {refused}")
        if state == "FAILED":
            raise JobFailed(f"job {job} failed: {remedy(cause, self._config) or gist(cause)}")

    def _why_it_does_not_read(self, job: str) -> str:
        waited = f"job {job} did not read within {self._config.start_seconds:g} s"
        cause = self._flink.newest_cause(job)
        if cause:
            return f"{waited}; it fails and starts again: {gist(cause)}"
        states = Counter(part["status"] for part in self._flink.vertices(job))
        if waiting := states["SCHEDULED"] + states["CREATED"]:
            overview = self._flink.overview()
            return (
                f"{waited}: {waiting} of its parts wait. It needs {self._config.parallelism} task slots; "
                f"{overview['slots-available']} of {overview['slots-total']} are free. Start more task managers, or "
                "lower parallelism in [flink]"
            )
        if states["RUNNING"] < states.total():
            return (
                f"{waited}: its parts are {', '.join(sorted(states))}. Workers are slow to start, or do not answer: "
                "see their logs, or raise start_seconds in [flink]"
            )
        return (
            f"{waited}, although all its parts run: see the logs of task managers and workers, and whether the job "
            f"server is Beam {self._config.beam_version} (beam_version in [flink]); this is Beam {beam.__version__}"
        )

    def _follow(self, job: str) -> None:
        restarts, silent_since = 0.0, None
        while not self._stop.wait(_FOLLOW_SECONDS):
            try:
                state = self._flink.state(job)
                now = self._flink.job_metrics(job, ["numRestarts"]).get("numRestarts", restarts)
                if now > restarts:
                    self._say(f"job {job} was started again: {gist(self._flink.newest_cause(job))}")
                restarts, silent_since = max(now, restarts), None
                self._fail_if_ended(job, state)
            except ClusterUnreachable:
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since > _PATIENCE_SECONDS:
                    raise
                continue
            if state in ("CANCELED", "FINISHED"):
                self._say(f"job {job} was stopped")
                return
        self._say(f"job {job} goes on; `wirewatch stop` ends it")

    def _looks(self, seconds: float) -> Iterator[None]:
        """Turn a loop once a second until the time is over, or nobody looks any longer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stop.is_set():
            yield
            self._stop.wait(_LOOK_SECONDS)
