"""A PostgreSQL server of its own for the tests: a fresh data folder, reached by a socket in it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_USER = "postgres"


def _program(name: str) -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(installed[-1]) if installed else None)
    if found is None:
        pytest.skip("there is no PostgreSQL server here: install the package `postgresql`")
    return found


@contextmanager
def serve(*settings: str) -> Iterator[str]:
    """Start the server, with more settings as `NAME=VALUE`; the URL of an empty database. Skips where none is installed."""
    initdb, postgres = _program("initdb"), _program("postgres")
    with tempfile.TemporaryDirectory(prefix="keyproof-pg-") as name:
        folder = Path(name)
        user = _USER if os.geteuid() == 0 else None  # it refuses to run as root
        if user:
            shutil.chown(folder, user)
        subprocess.run(
            [initdb, "-D", folder / "data", "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
            user=user, cwd="/", check=True, capture_output=True,
        )  # fmt: skip
        log = (folder / "log").open("wb")
        options = ("listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", *settings)
        arguments = [part for option in options for part in ("-c", option)]
        server = subprocess.Popen(
            [postgres, "-D", folder / "data", *arguments], user=user, cwd="/", stdout=log, stderr=log
        )
        try:
            _wait(folder, server)
            yield f"postgresql://{_USER}@/{_USER}?host={folder}"
        finally:
            server.terminate()
            server.wait(30)
            log.close()


def _wait(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    import psycopg  # noqa: PLC0415 (only where a server is)

    for _ in range(300):
        try:
            psycopg.connect(f"postgresql://{_USER}@/{_USER}?host={folder}").close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')}")
