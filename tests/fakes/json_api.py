"""The names by which some tests still know `rest_server`."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.rest_server import Answering, Asked, Said, page_of, rest_server

__all__ = ["Answering", "Asked", "Said", "json_api", "page_of"]


@contextmanager
def json_api(answering: Answering, *, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port of loopback while the block runs; gives the address."""
    with rest_server(answering, tls=context) as server:
        yield server.address
