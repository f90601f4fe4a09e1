"""What a command tells Prometheus, asked from outside."""

import socket

import urllib3


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def fetch(address: str, path: str) -> tuple[int, str]:
    """Give status and text of an answer; status 0 while nothing listens."""
    try:
        answer = urllib3.request("GET", f"http://{address}{path}", retries=False, timeout=5)
    except urllib3.exceptions.HTTPError:
        return 0, ""
    return answer.status, answer.data.decode()


def value(address: str, metric: str) -> float:
    """Give the value of a metric, labels and all; -1 while there is none."""
    lines = fetch(address, "/metrics")[1].splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{metric} ")), -1.0)
