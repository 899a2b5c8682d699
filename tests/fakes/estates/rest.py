"""Made-up servers of the kinds that are asked by `keyproof.rest.client`, and of a Docker engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyproof.ports import Collector
from tests.fakes import github_api, gitlab_api, small_stores
from tests.fakes.estates.estate import Clause, Estate, Grounds
from tests.fakes.estates.http import HttpRunning
from tests.fakes.fault_proxy import fault_proxy
from tests.fakes.ports import NOW
from tests.fakes.rest_server import Answering, Asked, Said, rest_server


@dataclass(frozen=True, slots=True, kw_only=True)
class _Store:
    """How one kind is served and asked."""

    kind: str
    serve: Callable[[Sequence[str]], Answering]
    """Makes a server that holds one secret for each name."""
    listing: str
    """What the paths of requests that list those secrets have in common, and no others."""
    config: Mapping[str, Any]
    """Options beside `address`."""
    environ: Mapping[str, str]
    prefix: str = ""
    """What stands before the name of a secret in the report."""

    @contextmanager
    def open(self, names: Sequence[str], _: Grounds) -> Iterator[HttpRunning]:
        """Serve it behind a proxy."""
        with rest_server(self.serve(names)) as upstream, fault_proxy(upstream.address) as proxy:
            yield HttpRunning(
                self.kind,
                proxy,
                listing=lambda request: self.listing in request.path,
                config=self.config,
                environ=self.environ,
                prefix=self.prefix,
            )


def _github(names: Sequence[str]) -> Answering:
    api = github_api.GithubApi()
    api.repository("acme/shop")
    api.listings["/repos/acme/shop/actions/secrets"] = [github_api.secret(name) for name in names]
    return api.answer


def _gitlab(names: Sequence[str]) -> Answering:
    api = gitlab_api.GitlabApi()
    api.holder("project", "acme/shop", ciVariables=[gitlab_api.variable(name) for name in names])
    return api.answer


@contextmanager
def _onepassword(names: Sequence[str], _: Grounds) -> Iterator[HttpRunning]:
    items = {name: small_stores.item(name) for name in names}
    store = small_stores.onepassword({"ops": list(items.values())})
    with rest_server(store) as upstream, fault_proxy(upstream.address) as proxy:
        yield HttpRunning(
            "onepassword-connect",
            proxy,
            listing=lambda request: "/items" in request.path,
            config={},
            environ={"OP_CONNECT_TOKEN": small_stores.TOKEN},
            prefix="ops/",
            delete=lambda name: items[name].update(state="DELETED"),
        )


def _doppler(names: Sequence[str]) -> Answering:
    return small_stores.doppler({"shop/prd": names})


def _infisical(names: Sequence[str]) -> Answering:
    return small_stores.infisical([small_stores.infisical_secret(name) for name in names])


def _conjur(names: Sequence[str]) -> Answering:
    return small_stores.conjur([small_stores.variable(name) for name in names])


def _bitwarden(names: Sequence[str]) -> Answering:
    return small_stores.bitwarden([small_stores.bitwarden_secret(name) for name in names])


def _estate(store: _Store, *, deletes: str, **more: Any) -> Estate:
    """`deletes` tells why nothing could be restored."""
    excused = {Clause.DELETED: deletes}
    if not more.get("page"):
        excused[Clause.PAGING] = _ONE_ANSWER
    return Estate(kind=store.kind, open=store.open, excused=excused, **more)


_AT_ONCE = "what is deleted is gone at once"
_ONE_ANSWER = "the interface gives everything in one answer"

REST_ESTATES = (
    _estate(
        _Store(
            kind="github",
            serve=_github,
            listing="/repos/acme/shop/actions/secrets",
            config={"repositories": ["acme/shop"], "families": ["actions"]},
            environ={"GITHUB_TOKEN": github_api.TOKEN},
            prefix="acme/shop/",
        ),
        page=100,
        counted="secrets listed",
        deletes=_AT_ONCE,
    ),
    _estate(
        _Store(
            kind="gitlab",
            serve=_gitlab,
            listing="/api/graphql",
            config={
                "projects": ["acme/shop"],
                "families": ["variables"],
                "audit_events": False,
                "members": False,  # asked where variables are asked, too
            },
            environ={"GITLAB_TOKEN": gitlab_api.TOKEN},
            prefix="acme/shop/",
        ),
        page=100,
        counted="secrets listed",
        dated=False,
        deletes=_AT_ONCE,
    ),
    Estate(
        kind="onepassword-connect",
        open=_onepassword,
        counted="items listed",
        excused={Clause.PAGING: _ONE_ANSWER},
    ),
    _estate(
        _Store(
            kind="doppler",
            serve=_doppler,
            listing="/secrets/names",
            config={"projects": ["shop"]},
            environ={"DOPPLER_TOKEN": small_stores.TOKEN},
            prefix="shop/prd/",
        ),
        counted="secrets listed",
        dated=False,
        deletes=_AT_ONCE,
    ),
    _estate(
        _Store(
            kind="infisical",
            serve=_infisical,
            listing="/api/v4/secrets",
            config={"projects": ["p1"], "environments": ["prod"]},
            environ={"INFISICAL_TOKEN": small_stores.TOKEN},
            prefix="prod/",
        ),
        counted="secrets listed",
        deletes="what is deleted is listed no longer; it lives on in snapshots only, whose values come along",
    ),
    _estate(
        _Store(
            kind="conjur",
            serve=_conjur,
            listing="/resources/",
            config={"account": "acme"},
            environ={"CONJUR_AUTHN_LOGIN": "host/scanner", "CONJUR_AUTHN_API_KEY": small_stores.TOKEN},
        ),
        page=500,
        counted="variables listed",
        dated=False,
        deletes="a policy removes a variable at once",
    ),
    _estate(
        _Store(
            kind="bitwarden-secrets-manager",
            serve=_bitwarden,
            listing="/organizations/",
            config={"organisation": "org"},
            environ={"BWS_ACCESS_TOKEN": f"0.machine.{small_stores.TOKEN}:{small_stores.KEY}"},
        ),
        counted="secrets listed",
        deletes="what lies in the trash is not in the list that machine accounts get",
    ),
)


class _SwarmRunning(HttpRunning):
    """An engine, whose address is no URL."""

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        host = self.address.replace("http://", "tcp://")
        return self.made({"host": host, "timeout": patience}, credentials=credentials, now=now)


@contextmanager
def _swarm(names: Sequence[str], _: Grounds) -> Iterator[HttpRunning]:
    created = "2025-07-20T13:55:28.678958722Z"
    listed = [
        {"ID": str(number), "CreatedAt": created, "Spec": {"Name": name}} for number, name in enumerate(names)
    ]

    def engine(asked: Asked) -> Said:
        answers: dict[tuple[str, ...], Any] = {("info",): {"ServerVersion": "27.3.1"}, ("secrets",): listed}
        return Said(body=answers[asked.parts])

    with rest_server(engine) as upstream, fault_proxy(upstream.address) as proxy:
        yield _SwarmRunning(
            "docker-swarm", proxy, listing=lambda request: request.path == "/secrets", config={}
        )


SWARM = Estate(
    kind="docker-swarm",
    open=_swarm,
    right="GET /secrets",
    counted="secrets listed",
    excused={
        Clause.PAGING: _ONE_ANSWER,
        Clause.BUSY: "an engine puts no limit on requests",
        Clause.EXPIRED: "clients are known by their certificates, which they show once",
        Clause.STRANGER: "whoever reaches the socket may ask",
        Clause.DELETED: _AT_ONCE,
    },
)
