"""Made-up estates behind REST interfaces, one for each kind of source, for the contract that all keep.

To join, write a function that serves `names` and add an `Estate` to `ESTATES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import github_api, gitlab_api, small_stores
from tests.fakes.json_api import Answering


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """One kind of source with secrets of given names."""

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
    page: int = 0
    """How many secrets a page holds; 0 where the interface has no pages."""
    odd: Sequence[str] = field(default=("a b", "ü/ß", "x" * 512, "%2e%2e", "..", "q?x=1&y=2#z", "'\"<>"))
    """Names that are hard to carry."""


CANARY = gitlab_api.CANARY
"""Stands wherever an interface would answer with a value."""


def _github(names: Sequence[str]) -> Answering:
    api = github_api.GithubApi()
    api.repository("acme/shop")
    api.listings["/repos/acme/shop/actions/secrets"] = [github_api.secret(name) for name in names]
    return api.answer


def _gitlab(names: Sequence[str]) -> Answering:
    api = gitlab_api.GitlabApi()
    api.holder("project", "acme/shop", ciVariables=[gitlab_api.variable(name) for name in names])
    return api.answer


def _onepassword(names: Sequence[str]) -> Answering:
    return small_stores.onepassword({"ops": [small_stores.item(name) for name in names]})


def _doppler(names: Sequence[str]) -> Answering:
    return small_stores.doppler({"shop/prd": names})


def _infisical(names: Sequence[str]) -> Answering:
    return small_stores.infisical([small_stores.infisical_secret(name) for name in names])


def _conjur(names: Sequence[str]) -> Answering:
    return small_stores.conjur([small_stores.variable(name) for name in names])


def _bitwarden(names: Sequence[str]) -> Answering:
    return small_stores.bitwarden([small_stores.bitwarden_secret(name) for name in names])


ESTATES = (
    Estate(
        kind="github",
        serve=_github,
        listing="/repos/acme/shop/actions/secrets",
        config={"repositories": ["acme/shop"], "families": ["actions"]},
        environ={"GITHUB_TOKEN": github_api.TOKEN},
        prefix="acme/shop/",
        page=100,
    ),
    Estate(
        kind="gitlab",
        serve=_gitlab,
        listing="/api/graphql",
        config={"projects": ["acme/shop"], "families": ["variables"], "audit_events": False},
        environ={"GITLAB_TOKEN": gitlab_api.TOKEN},
        prefix="acme/shop/",
        page=100,
    ),
    Estate(
        kind="onepassword-connect",
        serve=_onepassword,
        listing="/items",
        config={},
        environ={"OP_CONNECT_TOKEN": small_stores.TOKEN},
        prefix="ops/",
    ),
    Estate(
        kind="doppler",
        serve=_doppler,
        listing="/secrets/names",
        config={"projects": ["shop"]},
        environ={"DOPPLER_TOKEN": small_stores.TOKEN},
        prefix="shop/prd/",
    ),
    Estate(
        kind="infisical",
        serve=_infisical,
        listing="/api/v4/secrets",
        config={"projects": ["p1"], "environments": ["prod"]},
        environ={"INFISICAL_TOKEN": small_stores.TOKEN},
        prefix="prod/",
    ),
    Estate(
        kind="conjur",
        serve=_conjur,
        listing="/resources/",
        config={"account": "acme"},
        environ={"CONJUR_AUTHN_LOGIN": "host/scanner", "CONJUR_AUTHN_API_KEY": small_stores.TOKEN},
        page=500,
    ),
    Estate(
        kind="bitwarden-secrets-manager",
        serve=_bitwarden,
        listing="/organizations/",
        config={"organisation": "org"},
        environ={"BWS_ACCESS_TOKEN": f"0.machine.{small_stores.TOKEN}:{small_stores.KEY}"},
    ),
)
