"""How long after an article was produced the event that it raised can be consumed, for `wirewatch run` live.

    python -m tests.benchmarks.latency_of_run [--seconds 60] [--rate 200] [--tick 5] [--warm-up 10]

Starts a broker of its own, sends the sample newswire again and again, under new ids and words, at a steady rate,
stamped as it is sent, and reads the events as a consumer of committed records. Stories tell every report (a growth
ladder without gaps). Each article that raised an event in its own tick is one measurement: from when it was sent until
the event could be consumed. It waits for the end of its tick, so latencies spread over one tick; what is above it is
the system's. What is sent during the warm-up is left out: the first articles of a process wait a second or two for
the model of languages and the word lists.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.live import Ear, every_report, latencies, newswire_for_ever, send_steadily
from tests.kafka.broker import Broker
from tests.kafka.running import Job, ended


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--tick", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=10)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        broker = Broker(Path(folder) / "broker")
        broker.start()
        try:
            measure(broker, Path(folder), given)
        finally:
            broker.stop()


def measure(broker: Broker, folder: Path, given: argparse.Namespace) -> None:
    job = Job(broker, folder, live="max_out_of_orderness_seconds = 0", more=every_report(given.tick))
    process = job.start()
    with Ear(broker, job.events) as ear:
        time.sleep(3)
        begun_at = time.time()
        num_sent = send_steadily(broker, job.articles, newswire_for_ever(), given.rate, given.seconds)
        ended_at = time.time()
        ear.await_quiet(given.tick + 7)
    _, out, err = ended(process)
    # Nothing came that could end the last tick: silence did, much later.
    begin, end = begun_at + given.warm_up, ended_at // given.tick * given.tick
    found = latencies(ear.heard().values(), given.tick, begin, end)
    p50, p99 = np.percentile(found, [50, 99])
    print(out.strip(), err.strip())
    print(f"{num_sent} articles at {given.rate:g}/s, {len(found)} of them measured")
    print(
        f"p50 {p50:.3f} s, p99 {p99:.3f} s, "
        f"max {max(found):.3f} s; tick {given.tick:g} s, so p99 is tick {p99 - given.tick:+.3f} s"
    )


if __name__ == "__main__":
    main()
