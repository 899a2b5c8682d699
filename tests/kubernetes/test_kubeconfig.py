"""Where the credentials for a cluster come from, and TLS on both sides."""

import base64
import json
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from keyproof.errors import AccessDeniedError, BackendUnreachableError, CollectError
from keyproof.kubernetes.client import Client
from keyproof.kubernetes.config import KubernetesConfig
from keyproof.kubernetes.kubeconfig import ClusterAccess, find_access
from keyproof.kubernetes.permissions import VERSION
from keyproof.ports import Surroundings
from tests.fakes.certificates import Pair, make
from tests.fakes.ports import FixedClock

TOKEN = "to" + "ken-of-a-test"


def _find(root: Path, environ: Mapping[str, str] | None = None, **config: Any) -> ClusterAccess:
    return find_access(KubernetesConfig.model_validate(config), environ or {}, root=root, scope="k8s")


def _write(path: Path, *, user: Mapping[str, Any], name: str = "one", **cluster: Any) -> Path:
    body = {
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": "https://10.1.1.1:6443/", **cluster}}],
        "users": [{"name": name, "user": dict(user)}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def test_the_configured_file_goes_first(tmp_path: Path) -> None:
    _write(tmp_path / "here", user={"token": TOKEN})
    found = _find(tmp_path, {"KUBECONFIG": "/nowhere"}, kubeconfig="here")
    assert (found.server, found.token) == ("https://10.1.1.1:6443", TOKEN)
    assert TOKEN not in repr(found)


def test_then_the_environment_then_the_home(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    _write(tmp_path / ".kube" / "config", user={"token": "home"})
    one, two = (
        _write(tmp_path / "a", user={"token": "a"}),
        _write(tmp_path / "b", user={"token": "b"}, name="two"),
    )
    environ = {"HOME": str(tmp_path), "KUBECONFIG": f"{one}:{two}:/nowhere"}
    assert _find(tmp_path, environ).token == "a"
    assert _find(tmp_path, environ, context="two").token == "b"
    assert _find(tmp_path, {"HOME": str(tmp_path)}).token == "home"


def test_a_pod_has_its_service_account(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    (tmp_path / "ca.crt").write_text("PEM", encoding="utf-8")
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    found = _find(tmp_path, environ, service_account=str(tmp_path))
    assert (found.server, found.token, found.authorities) == ("https://[fd00::1]:443", TOKEN, "PEM")


def test_credentials_in_files_beside_and_in_the_text(tmp_path: Path) -> None:
    (tmp_path / "t").write_text(TOKEN, encoding="utf-8")
    (tmp_path / "ca").write_text("CA", encoding="utf-8")
    data = base64.b64encode(b"CERT").decode()
    user = {"tokenFile": "t", "client-certificate-data": data, "client-key-data": data}
    _write(tmp_path / "c", user=user, **{"certificate-authority": "ca", "tls-server-name": "kube"})
    found = _find(tmp_path, kubeconfig="c")
    assert (found.token, found.authorities, found.certificate) == (TOKEN, "CA", "CERT")
    assert found.server_name == "kube"
    unchecked: dict[str, Any] = {"insecure-skip-tls-verify": True}
    _write(tmp_path / "d", user={"username": "u", "password": TOKEN}, **unchecked)
    found = _find(tmp_path, kubeconfig="d")
    assert (found.basic, found.verified) == (f"u:{TOKEN}", False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no YAML"),
        ("[]", "is no kubeconfig"),
        ("{}", "names no current context"),
        ("{current-context: a}", "has no context 'a'"),
        ("{current-context: a, contexts: [{name: a, context: {cluster: b}}]}", "has no cluster 'b'"),
        (
            "{current-context: a, contexts: [{name: a, context: {cluster: b}}], clusters: [{name: b, cluster: {server: 'ftp://x'}}]}",
            "no address",
        ),
        (
            "{current-context: a, contexts: [{name: a, context: {cluster: b}}], clusters: [{name: b, cluster: {server: 'https://x:y'}}]}",
            "no address",
        ),
    ],
)
def test_a_broken_file_has_a_name(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "c").write_text(text, encoding="utf-8")
    with pytest.raises(CollectError, match=words):
        _find(tmp_path, kubeconfig="c")


def test_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="there is no kubeconfig, and this runs in no pod"):
        _find(tmp_path)
    with pytest.raises(CollectError, match="does not exist"):
        _find(tmp_path, kubeconfig="nowhere")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    with pytest.raises(CollectError, match="cannot be read: No such file"):
        _find(tmp_path, environ, service_account=str(tmp_path / "none"))
    _write(tmp_path / "c", user={"client-key-data": "%%"})
    with pytest.raises(CollectError, match="not base64 of PEM"):
        _find(tmp_path, kubeconfig="c")
    _write(tmp_path / "c", user={"auth-provider": {"name": "gcp"}})
    with pytest.raises(CollectError, match="auth provider 'gcp', which Kubernetes has removed"):
        _find(tmp_path, kubeconfig="c")


def test_a_proxy_and_acting_as_another(tmp_path: Path) -> None:
    _write(tmp_path / "c", user={"token": TOKEN}, **{"proxy-url": "http://proxy.example:3128"})
    assert _find(tmp_path, kubeconfig="c").proxy == "http://proxy.example:3128"
    _write(tmp_path / "c", user={"token": TOKEN}, **{"proxy-url": "socks5://proxy.example"})
    with pytest.raises(CollectError, match="a proxy that is not of the form http"):
        _find(tmp_path, kubeconfig="c")
    _write(tmp_path / "c", user={"token": TOKEN, "as": "root"})
    with pytest.raises(CollectError, match="acts as another user"):
        _find(tmp_path, kubeconfig="c")


def _program(folder: Path, text: str) -> Path:
    path = folder / "login"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_program_is_run_only_where_it_is_allowed(tmp_path: Path) -> None:
    _program(tmp_path, f'touch {tmp_path}/ran; echo "{{\\"status\\": {{\\"token\\": \\"$WHO-$1\\"}}}}"')
    plugin = {"command": "./login", "args": ["me"], "env": [{"name": "WHO", "value": "it-is"}]}
    _write(tmp_path / "c", user={"exec": plugin})
    with pytest.raises(CollectError, match=r"the program './login', which is not run") as refused:
        _find(tmp_path, kubeconfig="c")
    assert "allow-exec: true" in refused.value.hint
    assert not (tmp_path / "ran").exists()
    assert _find(tmp_path, {"PATH": "/usr/bin:/bin"}, kubeconfig="c", allow_exec=True).token == "it-is-me"
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"echo {TOKEN} >&2; exit 3", "it ended with 3"),
        ("echo nothing", "its answer is no ExecCredential"),
        ("echo []", "its answer is no ExecCredential"),
    ],
)
def test_a_program_that_fails(tmp_path: Path, text: str, words: str) -> None:
    _program(tmp_path, text)
    _write(tmp_path / "c", user={"exec": {"command": "./login"}})
    with pytest.raises(AccessDeniedError, match=words) as caught:
        _find(tmp_path, {"PATH": "/usr/bin:/bin"}, kubeconfig="c", allow_exec=True)
    assert TOKEN not in str(caught.value)
    _write(tmp_path / "c", user={"exec": {"command": "no-such-program-anywhere"}})
    with pytest.raises(AccessDeniedError, match="No such file"):
        _find(tmp_path, {}, kubeconfig="c", allow_exec=True)


def _client(access: ClusterAccess, environ: Mapping[str, str] | None = None) -> Client:
    here = Surroundings(root=Path("/"), environ=environ or {}, clock=FixedClock(), sleep=lambda _: None)
    return Client(access, KubernetesConfig(timeout=10, max_wait=1), here, scope="k8s")


def test_both_sides_show_certificates(authority: Pair, secure: str) -> None:
    mine = make("ana", issuer=authority)
    access = ClusterAccess(
        server=secure,
        authorities=authority.pem,
        server_name="kube",
        certificate=mine.pem,
        key=mine.key_pem,
    )
    client = _client(access)
    assert client.get("/", need=VERSION).body == {"who": "ana", "token": None}
    client.close()


@pytest.mark.parametrize(("name", "words"), [("", "IP address mismatch"), ("other", "Hostname mismatch")])
def test_a_certificate_of_another_name_is_refused(
    authority: Pair, secure: str, name: str, words: str
) -> None:
    access = ClusterAccess(server=secure, authorities=authority.pem, server_name=name, token=TOKEN)
    with pytest.raises(BackendUnreachableError, match=words):
        _client(access).get("/", need=VERSION)


def test_an_unknown_authority_is_refused_unless_the_check_is_off(secure: str) -> None:
    with pytest.raises(BackendUnreachableError, match="not trusted"):
        _client(ClusterAccess(server=secure, server_name="kube")).get("/", need=VERSION)
    client = _client(ClusterAccess(server=secure, verified=False, token=TOKEN))
    assert client.get("/", need=VERSION).body == {"who": "nobody", "token": f"Bearer {TOKEN}"}
    client.close()


@pytest.mark.parametrize("named", ["kubeconfig", "environment"])
def test_a_proxy_is_asked_for_a_tunnel(secure: str, named: str) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]

        def refuse() -> None:
            met, _ = proxy.accept()
            asked.append(met.recv(200))
            met.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            met.close()

        thread = Thread(target=refuse)
        thread.start()
        address = f"http://127.0.0.1:{port}"
        access = ClusterAccess(
            server="https://kube.example:6443", token=TOKEN, proxy=address if named == "kubeconfig" else ""
        )
        with pytest.raises(BackendUnreachableError, match="cannot be reached"):
            _client(access, {"HTTPS_PROXY": address}).get("/", need=VERSION)
        thread.join()
    assert asked[0].startswith(b"CONNECT kube.example:6443 HTTP/1.")
    assert TOKEN.encode() not in asked[0]


def test_unusable_certificates_and_tokens_are_named_not_shown(secure: str) -> None:
    with pytest.raises(CollectError, match="cannot be used") as caught:
        _client(ClusterAccess(server=secure, certificate="no PEM", key=TOKEN))
    assert TOKEN not in str(caught.value)
    with pytest.raises(AccessDeniedError, match="characters that no token has") as caught:
        _client(ClusterAccess(server=secure, token=f"{TOKEN}\nX: y"))
    assert TOKEN not in str(caught.value)
