"""Credentials that end while a cluster is read: token files, programs, certificates of the client."""

import json
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyproof.collectors.kubernetes import KubernetesCollector
from keyproof.domain.secret import SecretMetadata
from keyproof.errors import AccessDeniedError
from keyproof.kubernetes.client import Client
from keyproof.kubernetes.credentials import Credentials
from keyproof.kubernetes.permissions import VERSION
from keyproof.ports import Surroundings
from tests.fakes.certificates import Pair, make
from tests.fakes.kube_api import KubeApi, kube_api
from tests.fakes.ports import NOW

FIRST, SECOND = "first-" + "token-of-a-test", "second-" + "token-of-a-test"
HOUR = timedelta(hours=1)


class MovingClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[KubeApi]:
    """A cluster with secrets of more than one page, that knows the first token only."""
    with kube_api(tmp_path, tokens={FIRST: "ana,system:masters"}) as running:
        running.make("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s0000"}})
        held = running.objects["", "secrets"]
        held += [{**held[0], "metadata": {**held[0]["metadata"], "name": f"s{n:04}"}} for n in range(1, 600)]
        yield running


def kubeconfig(folder: Path, server: str, user: Mapping[str, Any], **cluster: Any) -> Path:
    body = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "c", "user": dict(user)}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(body), encoding="utf-8")
    return folder / "kubeconfig"


def program(folder: Path) -> dict[str, Any]:
    """An exec plugin that hands over what stands in the file `status`, and notes that it ran."""
    path = folder / "login"
    path.write_text(f"#!/bin/sh\necho ran >> {folder}/runs\ncat {folder}/status\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"command": "./login"}}


def says(folder: Path, **status: Any) -> None:
    (folder / "status").write_text(json.dumps({"status": status}), encoding="utf-8")


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text("utf-8").splitlines())


def collector(folder: Path, clock: MovingClock) -> KubernetesCollector:
    config = {"kubeconfig": "kubeconfig", "allow_exec": True}
    here = Surroundings(root=folder, environ={"PATH": "/usr/bin:/bin"}, clock=clock, sleep=lambda _: None)
    return KubernetesCollector("k8s", KubernetesCollector.Config.model_validate(config), here)


def taken_over(api: KubeApi) -> None:
    """From now on the server knows the second token only."""
    api.users[SECOND] = api.users.pop(FIRST)


def test_a_token_file_is_read_again_when_its_token_has_ended(
    api: KubeApi, tmp_path: Path, clock: MovingClock
) -> None:
    """In the middle of a listing, as it happens after an hour."""
    (tmp_path / "t").write_text(FIRST, encoding="utf-8")
    kubeconfig(tmp_path, api.address, {"tokenFile": "t"})
    found: list[str] = []
    for item in collector(tmp_path, clock).collect("default"):
        if isinstance(item, SecretMetadata):
            found.append(item.name)
            if len(found) == 1:
                taken_over(api)
                (tmp_path / "t").write_text(SECOND, encoding="utf-8")
    assert found == [f"default/s{number:04}" for number in range(600)]


def test_a_token_file_without_a_new_token_ends_the_reading(
    api: KubeApi, tmp_path: Path, clock: MovingClock
) -> None:
    (tmp_path / "t").write_text(SECOND, encoding="utf-8")
    kubeconfig(tmp_path, api.address, {"tokenFile": "t"})
    with pytest.raises(AccessDeniedError, match="or they have expired"):
        collector(tmp_path, clock).scopes()
    assert len(api.asked) == 2  # once more, and no more


def test_a_token_in_the_kubeconfig_is_not_tried_again(
    api: KubeApi, tmp_path: Path, clock: MovingClock
) -> None:
    kubeconfig(tmp_path, api.address, {"token": SECOND})
    with pytest.raises(AccessDeniedError, match="or they have expired"):
        collector(tmp_path, clock).scopes()
    assert len(api.asked) == 1


def test_a_program_is_asked_once_for_all_scopes(api: KubeApi, tmp_path: Path, clock: MovingClock) -> None:
    kubeconfig(tmp_path, api.address, program(tmp_path))
    says(tmp_path, token=FIRST, expirationTimestamp="2025-10-05T13:00:00Z")
    reading = collector(tmp_path, clock)
    for scope in reading.scopes():
        list(reading.collect(scope))
    assert runs(tmp_path) == 1


def test_a_program_is_asked_again_when_what_it_gave_ends(
    api: KubeApi, tmp_path: Path, clock: MovingClock
) -> None:
    """By its own word, so that the server is never asked with what has ended."""
    kubeconfig(tmp_path, api.address, program(tmp_path))
    says(tmp_path, token=FIRST, expirationTimestamp="2025-10-05T13:00:00Z")
    items = collector(tmp_path, clock).collect("default")
    next(items)
    taken_over(api)
    says(tmp_path, token=SECOND, expirationTimestamp="2025-10-05T14:00:00Z")
    clock.at += HOUR
    assert sum(isinstance(item, SecretMetadata) for item in items) == 599
    assert runs(tmp_path) == 2
    assert "" not in {one.user for one in api.asked}


def test_a_program_that_states_no_end_is_asked_again_when_the_server_refuses(
    api: KubeApi, tmp_path: Path, clock: MovingClock
) -> None:
    kubeconfig(tmp_path, api.address, program(tmp_path))
    says(tmp_path, token=FIRST)
    items = collector(tmp_path, clock).collect("default")
    next(items)
    taken_over(api)
    says(tmp_path, token=SECOND)
    clock.at += HOUR
    assert sum(isinstance(item, SecretMetadata) for item in items) == 599
    assert runs(tmp_path) == 2
    assert [one.user for one in api.asked].count("") == 1


def test_a_program_whose_clock_is_behind_is_not_asked_before_each_request(
    api: KubeApi, tmp_path: Path, clock: MovingClock
) -> None:
    kubeconfig(tmp_path, api.address, program(tmp_path))
    says(tmp_path, token=FIRST, expirationTimestamp="2025-10-05T11:00:00Z")
    list(collector(tmp_path, clock).collect("default"))
    assert runs(tmp_path) == 1


def test_a_program_that_fails_the_second_time_is_named(
    api: KubeApi, tmp_path: Path, clock: MovingClock
) -> None:
    kubeconfig(tmp_path, api.address, program(tmp_path))
    says(tmp_path, token=FIRST, expirationTimestamp="2025-10-05T13:00:00Z")
    items = collector(tmp_path, clock).collect("default")
    next(items)
    (tmp_path / "status").unlink()
    clock.at += HOUR
    with pytest.raises(
        AccessDeniedError, match=r"the program './login' of the kubeconfig gives no credentials"
    ):
        list(items)


def test_a_certificate_of_the_client_is_changed_in_the_middle(
    authority: Pair, secure: str, tmp_path: Path, clock: MovingClock
) -> None:
    (tmp_path / "ca").write_text(authority.pem, encoding="utf-8")
    cluster = {"certificate-authority": "ca", "tls-server-name": "kube"}
    kubeconfig(tmp_path, secure, program(tmp_path), **cluster)
    here = Surroundings(root=tmp_path, environ={"PATH": "/usr/bin:/bin"}, clock=clock, sleep=lambda _: None)
    config = KubernetesCollector.Config(kubeconfig="kubeconfig", allow_exec=True, timeout=10, max_wait=1)
    credentials = Credentials(config, here)
    who = []
    for name in ("ana", "bob"):
        shown = make(name, issuer=authority)
        end = (clock.at + HOUR).isoformat()
        pair = {"clientCertificateData": shown.pem, "clientKeyData": shown.key_pem}
        says(tmp_path, expirationTimestamp=end, **pair)
        if name == "ana":
            client = Client(credentials.current("x"), config, here, scope="x", credentials=credentials)
        who += [client.get("/", need=VERSION).body for _ in range(2)]
        clock.at += HOUR
    client.close()
    assert who == [{"who": name, "token": None} for name in ("ana", "ana", "bob", "bob")]


def test_what_another_thread_has_renewed_is_not_renewed_again(tmp_path: Path, clock: MovingClock) -> None:
    (tmp_path / "t").write_text(FIRST, encoding="utf-8")
    kubeconfig(tmp_path, "https://kube.example", {"tokenFile": "t"})
    here = Surroundings(root=tmp_path, environ={}, clock=clock, sleep=lambda _: None)
    credentials = Credentials(KubernetesCollector.Config(kubeconfig="kubeconfig"), here)
    old = credentials.current("x")
    (tmp_path / "t").write_text(SECOND, encoding="utf-8")
    new = credentials.after(old, "x")
    assert (old.token, new.token) == (FIRST, SECOND)
    assert credentials.after(old, "x") is new


def test_new_credentials_never_go_to_another_server(tmp_path: Path, clock: MovingClock) -> None:
    (tmp_path / "t").write_text(FIRST, encoding="utf-8")
    kubeconfig(tmp_path, "https://kube.example", {"tokenFile": "t"})
    here = Surroundings(root=tmp_path, environ={}, clock=clock, sleep=lambda _: None)
    credentials = Credentials(KubernetesCollector.Config(kubeconfig="kubeconfig"), here)
    old = credentials.current("x")
    kubeconfig(tmp_path, "https://other.example", {"tokenFile": "t"})
    with pytest.raises(AccessDeniedError, match="names another server since this run began"):
        credentials.after(old, "x")


def test_the_service_account_of_a_pod_is_read_again(tmp_path: Path, clock: MovingClock) -> None:
    for name, text in (("token", FIRST), ("ca.crt", "PEM")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    here = Surroundings(root=tmp_path, environ=environ, clock=clock, sleep=lambda _: None)
    credentials = Credentials(KubernetesCollector.Config(service_account=str(tmp_path)), here)
    old = credentials.current("x")
    assert old.renewable
    (tmp_path / "token").write_text(SECOND, encoding="utf-8")
    assert credentials.after(old, "x").token == SECOND
