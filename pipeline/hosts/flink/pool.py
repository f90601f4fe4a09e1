"""Starts Python workers for the task managers that ask for them.

Beam has such a pool, but that one starts workers without a state cache and has no option for it, listens on every
interface, and leaves its workers behind when it is killed.
"""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from apache_beam.portability.api import beam_fn_api_pb2 as messages
from apache_beam.portability.api import beam_fn_api_pb2_grpc as services

_PATIENCE_SECONDS = 10


class WorkerPool(services.BeamFnExternalWorkerPoolServicer):
    """A process for each worker that is asked for.

    Parameters
    ----------
    state_cache_mb
        What each worker may keep of its state in memory, in MiB.
    """

    def __init__(self, state_cache_mb: int) -> None:
        self._state_cache_mb = state_cache_mb
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def StartWorker(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by Beam
        """Start a worker; it ends with the task manager's connection, or with this pool."""
        command = [sys.executable, "-m", "pipeline.hosts.flink.worker"]
        arguments = [request.control_endpoint.url, request.worker_id, str(self._state_cache_mb)]
        with self._lock:
            self._forget_ended()
            self._workers[request.worker_id] = subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL)
        return messages.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by Beam
        """End a worker that is no longer needed."""
        with self._lock:
            worker = self._workers.pop(request.worker_id, None)
        if worker is not None:
            _end(worker)
        return messages.StopWorkerResponse()

    def end_all(self) -> None:
        """End every worker."""
        with self._lock:
            for worker in self._workers.values():
                worker.terminate()
            for worker in self._workers.values():
                _end(worker)

    def _forget_ended(self) -> None:
        for name in [name for name, worker in self._workers.items() if worker.poll() is not None]:
            del self._workers[name]


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def serve_workers(bind: str, port: int, state_cache_mb: int, stop: threading.Event) -> None:
    """Start workers for whoever asks at `bind`, until `stop` is set.

    Raises
    ------
    OSError
        If the address cannot be listened on.
    """
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    pool = WorkerPool(state_cache_mb)
    services.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    try:
        server.add_insecure_port(f"{bind}:{port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen at {bind}:{port}: {error}") from error
    server.start()
    stop.wait()
    server.stop(None)
    pool.end_all()
