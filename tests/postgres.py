"""A real PostgreSQL server for tests: a cluster of its own, thrown away after."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import create_engine, text

from tests.running import free_ports

_USER = "wirewatch"


class Postgres:
    """One cluster, which listens on this machine only. PostgreSQL refuses to run as root; another user runs it then."""

    def __init__(self) -> None:
        # Not pytest's folder: only root may enter that when root runs the tests.
        self._folder = Path(mkdtemp(prefix="wirewatch-postgres-"))
        self._port = free_ports(1)
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-U", _USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")

    def start(self) -> None:
        """Start it, or start it again with the data that it had; returns when it can be used."""
        # What is thrown away need not survive a loss of power.
        settings = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-s", "-o", settings, "-l", str(self._folder / "log"))

    def stop(self) -> None:
        """End it; whoever is connected is cut off."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "fast")

    def throw_away(self) -> None:
        """Delete what it stored; it must have been stopped."""
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database; gives its address."""
        engine = create_engine(self.url("postgres").replace("://", "+pg8000://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        line = [_program(program), "-D", str(self._folder / "data"), *arguments]
        # Not piped: the server would inherit the pipe, and its end never come.
        with (self._folder / "told").open("w+") as told:
            done = subprocess.run(
                line, cwd=self._folder, stdout=told, stderr=told, timeout=120, check=False, **self._as
            )
            told.seek(0)
            if done.returncode:
                raise RuntimeError(f"{' '.join(line)} failed: {told.read().strip()}")


def what_is_missing() -> str:
    """Name what a server needs and this machine lacks; empty when nothing."""
    try:
        _program("initdb")
    except FileNotFoundError:
        return "PostgreSQL (Debian: apt-get install postgresql)"
    return ""


def _program(name: str) -> str:
    """Find a program of the newest PostgreSQL; Debian keeps them out of the path."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    if found is None:
        raise FileNotFoundError(name)
    return found
