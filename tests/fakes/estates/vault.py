"""An estate in a real OpenBao, a mount of its own for each, with a proxy before the server."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from keyproof.demo.openbao import SKIP_REASON, OpenBaoServer, find_binary
from tests.fakes.estates.estate import CANARY, Estate, Grounds
from tests.fakes.estates.http import HttpRunning, Refusals
from tests.fakes.fault_proxy import Answer, Request, fault_proxy

_PAGE = 1000
_DENIED = Answer(status=403, body=b'{"errors": ["1 error occurred:\\n\\t* permission denied\\n\\n"]}')
_REFUSALS = Refusals(
    busy=Answer(status=429, body=b'{"errors": ["request path rate limit quota exceeded"]}'),
    expired=_DENIED,  # it tells neither from the other
    denied=_DENIED,
    sealed=Answer(status=503, body=b'{"errors": ["Vault is sealed"]}'),
)


@contextmanager
def _server(make_folder: Callable[[], Path]) -> Iterator[OpenBaoServer]:
    if find_binary() is None:
        pytest.skip(SKIP_REASON)
    with OpenBaoServer(make_folder()) as running:
        yield running


@contextmanager
def _filled(server: OpenBaoServer, mount: str, names: Sequence[str]) -> Iterator[str]:
    server.mount(mount)
    try:
        for name in names:
            server.put(mount, name, {"value": CANARY})
        yield mount
    finally:
        server.call("DELETE", f"sys/mounts/{mount}")


@contextmanager
def _open(names: Sequence[str], grounds: Grounds) -> Iterator[HttpRunning]:
    server = grounds.shared(_server, grounds.make_folder)
    with ExitStack() as stack:
        # Pages are long: a mount of several, which no test changes, is filled once.
        given = (server, f"kv-{len(names)}", tuple(names))
        several = len(names) >= _PAGE
        mount = grounds.shared(_filled, *given) if several else stack.enter_context(_filled(*given))
        proxy = stack.enter_context(fault_proxy(server.address))
        yield HttpRunning(
            "vault",
            proxy,
            listing=_lists,
            config={"mounts": [mount], "access": False, "audit": False},
            environ={"VAULT_TOKEN": server.root_token},
            refusals=_REFUSALS,
            prefix=f"{mount}/",
            delete=lambda name: server.call("DELETE", f"{mount}/data/{name}"),
        )


def _lists(request: Request) -> bool:
    return request.method == "LIST" and "metadata" in request.path


VAULT_ESTATES = (
    Estate(
        kind="vault",
        open=_open,
        page=_PAGE,
        odd=(
            "a b",
            "ü/ß",
            "deep/er/" + "x" * 500,
            "%2e%2e",
            "q?x=1&y=2#z",
            "'\"<>+",
            "Case",
            "case",
            "app",
            "app/db",
        ),
        right="list",
        server=True,
        each=True,
    ),
)
