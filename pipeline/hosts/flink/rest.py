"""Flink's REST interface, as far as a job needs it."""

import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

import orjson

from pipeline.hosts.flink.errors import ClusterUnreachable, JobFailed

_ANSWER_SECONDS = 30
_ENDED = ("FINISHED", "CANCELED", "FAILED")
_OURS = ".wirewatch_"
"""What Flink makes of a dot and the namespace of our counters."""


class Flink:
    """One cluster.

    Parameters
    ----------
    address
        ``host:port`` of its REST interface.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def overview(self) -> dict[str, Any]:
        """Give the cluster's version, task managers and slots."""
        found: dict[str, Any] = self._ask("GET", "/overview")
        return found

    def jobs(self, name: str) -> dict[str, str]:
        """Give the state of every job of that name, by id; those that have ended are forgotten after a while."""
        jobs = self._ask("GET", "/jobs/overview")["jobs"]
        return {job["jid"]: job["state"] for job in jobs if job["name"] == name}

    def running(self, name: str) -> list[str]:
        """Give the ids of the jobs of that name that have not ended."""
        return [job for job, state in self.jobs(name).items() if state not in _ENDED]

    def state(self, job: str) -> str:
        return str(self._ask("GET", f"/jobs/{job}")["state"])

    def vertices(self, job: str) -> list[dict[str, Any]]:
        """Give the parts of a job, each with its id, name and status."""
        return list(self._ask("GET", f"/jobs/{job}")["vertices"])

    def newest_cause(self, job: str) -> str:
        """Give the stack trace of the newest failure; empty if there was none."""
        history = self._ask("GET", f"/jobs/{job}/exceptions?maxExceptions=1")["exceptionHistory"]["entries"]
        return str(history[0]["stacktrace"]) if history else ""

    def checkpoints(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("GET", f"/jobs/{job}/checkpoints")
        return found

    def job_metrics(self, job: str, names: Sequence[str]) -> dict[str, float]:
        found = self._ask("GET", f"/jobs/{job}/metrics?get={','.join(names)}")
        return {metric["id"]: float(metric["value"]) for metric in found if _is_number(metric["value"])}

    def counters(self, job: str) -> Counter[str]:
        """Add up our counters over all workers, since the job or its last restart began."""
        counters: Counter[str] = Counter()
        for vertex in self.vertices(job):
            path = f"/jobs/{job}/vertices/{vertex['id']}/metrics"
            names = [metric["id"] for metric in self._ask("GET", path) if _OURS in metric["id"]]
            for metric in self._ask("GET", f"{path}?get={quote(','.join(names))}") if names else ():
                counters[metric["id"].rpartition(_OURS)[2]] += int(metric["value"])
        return counters

    def cancel(self, job: str) -> None:
        self._ask("PATCH", f"/jobs/{job}?mode=cancel")

    def stop(self, job: str, folder: str | None) -> str:
        """Write a savepoint and cancel the job; gives where the savepoint is.

        Raises
        ------
        JobFailed
            If the savepoint could not be written; the job then goes on.
        """
        wanted = {"cancel-job": True} | ({"target-directory": folder} if folder else {})
        request = self._ask("POST", f"/jobs/{job}/savepoints", wanted)["request-id"]
        while True:
            answer = self._ask("GET", f"/jobs/{job}/savepoints/{request}")
            if answer["status"]["id"] == "COMPLETED":
                break
            time.sleep(0.2)
        operation = answer["operation"]
        if "location" not in operation:
            cause = operation["failure-cause"]["stack-trace"].splitlines()[0]
            raise JobFailed(f"no savepoint was written, and the job goes on: {cause}")
        return str(operation["location"])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self._address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:
                return orjson.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise JobFailed(f"Flink at {self._address} refused {method} {path}: {_told(error)}") from error
        except (OSError, HTTPException) as error:
            raise ClusterUnreachable(
                f"no Flink answers at {self._address} ({error}): start its job manager, or mend rest in [flink]"
            ) from error


def _told(error: urllib.error.HTTPError) -> str:
    """Give the first line of what Flink says about an error."""
    try:
        return str(orjson.loads(error.read())["errors"][0]).splitlines()[0]
    except (ValueError, LookupError, OSError):
        return str(error)


def _is_number(value: str) -> bool:
    return value.lstrip("-").replace(".", "", 1).isdigit()
