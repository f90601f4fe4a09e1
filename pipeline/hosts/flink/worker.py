"""One Python worker, as `pool.py` starts it: runs Beam's harness until its task manager is gone."""

import ctypes
import logging
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the harness; arguments are the control address, the worker's id and its state cache in MiB."""
    address, worker_id, state_cache_mb = sys.argv[1:]
    _end_with_parent()
    logging.basicConfig(format=f"%(levelname)s %(name)s {worker_id}: %(message)s", level=logging.WARNING)
    from apache_beam.runners.worker import sdk_worker

    from pipeline.hosts.flink.state_cache import CellCache

    sdk_worker.StateCache = CellCache
    sdk_worker.SdkHarness(address, worker_id=worker_id, state_cache_size=int(state_cache_mb) << 20).run()


def _end_with_parent() -> None:
    """Let the system end this process when its pool is gone, even by SIGKILL: nobody else would know of it."""
    if sys.platform == "linux":
        pool = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != pool:
            sys.exit("the worker pool ended before its worker began")


if __name__ == "__main__":
    main()
