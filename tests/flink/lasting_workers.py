"""A worker pool whose workers are threads of one process, on loopback: what a worker remembers, the next one finds.

Beam has such workers. Those of `wirewatch workers` are processes, which end when the engine lets go of them.

Usage: python -m tests.flink.lasting_workers PORT
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from apache_beam.portability.api import beam_fn_api_pb2_grpc as services
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    services.add_BeamFnExternalWorkerPoolServicer_to_server(BeamFnExternalWorkerPoolServicer(use_process=False), server)
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
