"""How much memory `wirewatch publish` takes for a file of JSON Lines that is much larger.

    python -m tests.benchmarks.memory_of_publish [--gigabytes 5] [--folder DIR]

Starts a broker of its own, writes the file (random words, 10 KB an article), publishes it, checks that the topic holds
every article once, and prints the publisher's peak. Broker and file together take twice the file's size on disk.
"""

import argparse
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from kafka import KafkaConsumer, TopicPartition

from tests.kafka.broker import Broker
from tests.kafka.publishing import ENVIRONMENT, Publishing, peak_kilobytes

_NUM_TEXTS = 500
_WORDS_A_TEXT = 1_500


def articles() -> Iterator[bytes]:
    """Give lines of about 10 KB for ever; each has a beginning of its own."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(3, 9))) for _ in range(20_000)]
    texts = [" ".join(chance.choices(words, k=_WORDS_A_TEXT)) for _ in range(_NUM_TEXTS)]
    number = 0
    while True:
        title = f"{words[number % 20_000]} {number}"
        yield (
            orjson.dumps({"id": f"a{number}", "title": title, "text": f"{title}. {texts[number % _NUM_TEXTS]}"}) + b"\n"
        )
        number += 1


def write(path: Path, num_bytes: int) -> int:
    """Write a file of at least so many bytes; gives the number of articles."""
    written = count = 0
    with path.open("wb", buffering=1 << 20) as file:
        for line in articles():
            if written >= num_bytes:
                break
            written += file.write(line)
            count += 1
    return count


def num_records(broker: Broker, topic: str) -> int:
    with KafkaConsumer(bootstrap_servers=broker.servers) as consumer:
        return sum(consumer.end_offsets([TopicPartition(topic, 0)]).values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--folder", help="where the file and the broker's log go; the system's for temporary files")
    given = parser.parse_args()
    with TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        broker = Broker(folder / "broker")
        broker.start()
        try:
            measure(broker, folder, round(given.gigabytes * 1e9))
        finally:
            broker.stop()


def measure(broker: Broker, folder: Path, num_bytes: int) -> None:
    publishing = Publishing(broker, folder)
    file = folder / "articles.jsonl"
    count = write(file, num_bytes)
    begun = time.monotonic()
    process = subprocess.Popen(publishing.command(file), cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_kilobytes(process.pid))
        time.sleep(0.2)
    seconds = time.monotonic() - begun
    found = num_records(broker, publishing.topic)
    print(f"{file.stat().st_size:,} bytes, {count:,} articles; exit code {process.returncode}, {found:,} in the topic")
    print(f"{seconds:.0f} s, {count / seconds:,.0f} articles/s; peak {peak / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
