"""A cluster in this process, with a proxy before it; the fake passes the same tests as a real kube-apiserver."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from keyproof.ports import Collector
from tests.fakes.estates.estate import CANARY, Estate, Grounds
from tests.fakes.estates.http import HttpRunning
from tests.fakes.fault_proxy import fault_proxy
from tests.fakes.kube_api import KubeApi, kube_api
from tests.fakes.kube_server import ADMIN
from tests.fakes.ports import NOW

_SECRETS = "/api/v1/namespaces/shop/secrets"


class _KubeRunning(HttpRunning):
    """The address and the token stand in a file."""

    api: KubeApi

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        self.api.address = self.address
        found = {"kubeconfig": str(self.api.kubeconfig(ADMIN))} if credentials else {}
        return self.made({**found, "timeout": patience}, credentials=credentials, now=now)


@contextmanager
def _open(names: Sequence[str], grounds: Grounds) -> Iterator[HttpRunning]:
    with kube_api(grounds.make_folder(), tokens={}) as api, fault_proxy(api.address) as proxy:
        api.make("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        running = _KubeRunning(
            "kubernetes",
            proxy,
            listing=lambda request: request.path.startswith(_SECRETS),
            config={"namespaces": ["shop"]},
            prefix="shop/",
            delete=lambda name: _delete(api, name),
        )
        running.api = api
        _plant(api, names)
        yield running


def _plant(api: KubeApi, names: Sequence[str]) -> None:
    """Make one Secret, and as many of its like as are left: to make each takes the longer the more there are."""
    for name in names[:1]:
        api.make(_SECRETS, {"metadata": {"name": name}, "stringData": {"key": CANARY}})
    held = api.objects.setdefault(("", "secrets"), [])
    held += [{**held[0], "metadata": {**held[0]["metadata"], "name": name}} for name in names[1:]]


def _delete(api: KubeApi, name: str) -> None:
    """A finalizer holds back what is deleted; the fake knows no other way of its going."""
    (found,) = [one for one in api.objects["", "secrets"] if one["metadata"]["name"] == name]
    found["metadata"]["deletionTimestamp"] = found["metadata"]["creationTimestamp"]


KUBERNETES_ESTATES = (
    Estate(
        kind="kubernetes",
        open=_open,
        page=500,
        odd=("a.b-c", "x" * 253, "0", "a-b.c"),
        right="list secrets",
        counted="secrets listed",
        server=True,
    ),
)
