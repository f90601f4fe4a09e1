"""How long after the last article that a story needs its alert arrives, through publish, broker, run and deliver.

    python -m tests.benchmarks.latency_of_alerts [--stories 200] [--rate 4] [--tick 5]

Starts a broker, `publish --follow`, `run` and `deliver` of its own, and a real HTTP server. Made-up stories of words
that no other story has are appended to a followed file, three reports each, so many stories a second, the reports of a
story a second apart. One measurement a story: from when its third report was written to the file until its webhook was
received. It waits for the end of its tick, so latencies spread over one tick; what is above it is the system's.
"""

import argparse
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson

from pipeline.events import event_from
from tests.delivery.receiver import Receiver
from tests.kafka.broker import Broker
from tests.kafka.chain import Chain

_REPORTS = 3
_APART_SECONDS = 1.0


def story(number: int) -> list[bytes]:
    """Give the reports of one story as lines of JSON: the same words in other sentences."""
    chance = random.Random(number)
    words = ["".join(chance.choices("bdfgklmnprstvz", k=1) + chance.choices("aeiou", k=1)) for _ in range(120)]
    names = [f"{words[place]}{words[place + 1]}{words[place + 2]}{number}" for place in range(0, 75, 3)]
    return [report(number, place, names, chance) for place in range(_REPORTS)]


def report(number: int, place: int, names: list[str], chance: random.Random) -> bytes:
    sentences = [" ".join(chance.sample(names, 6)).capitalize() for _ in range(12)]
    article = {
        "id": f"{number}-{place}",
        "title": f"Story{number} {sentences[0]}",
        "text": ". ".join(sentences),
        "outlet": f"Outlet {place}",
        "language": "en",
    }
    return orjson.dumps(article) + b"\n"


def write(path: Path, stories: int, rate: float) -> dict[int, float]:
    """Append all reports in time; gives when the last report of each story was written."""
    due = sorted(
        (number / rate + place * _APART_SECONDS, number, place, line)
        for number in range(stories)
        for place, line in enumerate(story(number))
    )
    begun = time.time()
    written: dict[int, float] = {}
    with path.open("ab", buffering=0) as file:
        for moment, number, _, line in due:
            time.sleep(max(0.0, begun + moment - time.time()))
            written[number] = time.time()
            file.write(line)
    return written


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stories", type=int, default=200)
    parser.add_argument("--rate", type=float, default=4)
    parser.add_argument("--tick", type=float, default=5)
    given = parser.parse_args()
    receiver = Receiver()
    with TemporaryDirectory() as folder:
        broker = Broker(Path(folder) / "broker")
        broker.start()
        try:
            with Chain(broker, Path(folder), receiver, given.tick) as chain:
                written = measure(chain, receiver, given)
        finally:
            broker.stop()
            receiver.stop()
    show(written, receiver, given.tick)


def measure(chain: Chain, receiver: Receiver, given: argparse.Namespace) -> dict[int, float]:
    path = chain.inbox / "stories.jsonl"
    path.touch()
    time.sleep(8)  # until all three have begun
    written = write(path, given.stories, given.rate)
    until = time.time() + 60
    while len(receiver.requests) < given.stories and time.time() < until:
        time.sleep(0.1)
    return written


def show(written: dict[int, float], receiver: Receiver, tick: float) -> None:
    receiver.verify()
    arrived = {
        int(event_from(request.body).mentions[0].article_id.split("-")[0]): request.at for request in receiver.requests
    }
    latencies = [arrived[number] - moment for number, moment in written.items() if number in arrived]
    p50, p99 = np.percentile(latencies, [50, 99])
    print(f"{len(written)} stories, {len(receiver.requests)} alerts, {len(arrived)} stories alerted")
    print(
        f"p50 {p50:.3f} s, p99 {p99:.3f} s, max {max(latencies):.3f} s; tick {tick:g} s, "
        f"so p99 is tick {p99 - tick:+.3f} s"
    )


if __name__ == "__main__":
    main()
