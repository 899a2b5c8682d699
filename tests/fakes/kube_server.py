"""A real kube-apiserver with a real etcd on loopback: tokens, RBAC, an audit log, encryption at rest."""

import base64
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
_BUILD = Path(os.environ.get("KEYPROOF_KUBE_CACHE") or _CACHE / "keyproof-tests") / "kubernetes-debian12-1"
"""Where the script leaves it; looked up on import, before the suite gets a home of its own."""
SKIP_REASON = "no kube-apiserver is built: run `make e2e`, or tests/e2e/build_kube_apiserver.sh"
ADMIN = "admin-" + "token-of-the-tests"

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: RequestResponse, userGroups: ["system:serviceaccounts:keyproof"]}
  - {level: Metadata, resources: [{group: "", resources: [secrets]}]}
  - {level: None}
"""
"""What the scanner gets is recorded whole, so that a test can look for values in it."""
ENCRYPTION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers: [{secretbox: {keys: [{name: key1, secret: %s}]}}]
"""


def find_build() -> Path | None:
    """The folder with the two programs, where they have been built."""
    return _BUILD if (_BUILD / "kube-apiserver").is_file() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeServer:
    """A running server."""

    address: str
    folder: Path
    etcd: str

    @property
    def authority(self) -> Path:
        """The certificate that the server shows."""
        return self.folder / "certs" / "apiserver.crt"

    @property
    def audit_log(self) -> Path:
        """What the server writes about every request."""
        return self.folder / "audit.log"

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = ADMIN) -> Any:
        """Ask as the administrator, to prepare what a collector will find."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = Request(
            self.address + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {token}", "Content-Type": kind},
            method=method,
        )
        context = ssl.create_default_context(cafile=str(self.authority))
        with urlopen(request, timeout=30, context=context) as answer:
            return json.loads(answer.read() or b"{}")

    def make(self, path: str, *objects: Mapping[str, Any]) -> None:
        """Create objects; one that is already there stays."""
        for body in objects:
            for attempt in range(100):
                try:
                    self.call("POST", path, body)
                except HTTPError as error:
                    if error.code == 404 and attempt < 99:  # a new kind of object is served a little later
                        time.sleep(0.1)
                        continue
                    if error.code != 409:
                        raise AssertionError(f"{path}: {error.read().decode()}") from error
                break

    def forget_history(self) -> None:
        """Let etcd compact, after which a listing cannot go on where it stood."""
        current = self._etcd("range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"]
        self._etcd("compaction", {"revision": current, "physical": True})

    def kubeconfig(self, token: str, name: str = "kubeconfig") -> Path:
        """A kubeconfig for `token`."""
        path = self.folder / name
        path.write_text(kubeconfig(self.address, self.authority, token), encoding="utf-8")
        return path

    def _etcd(self, call: str, body: Mapping[str, Any]) -> Any:
        request = Request(f"{self.etcd}/v3/kv/{call}", data=json.dumps(body).encode(), method="POST")
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


def kubeconfig(address: str, authority: Path, token: str) -> str:
    """The text of a kubeconfig with one context."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [
                {"name": "test", "cluster": {"server": address, "certificate-authority": str(authority)}}
            ],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
    )


@contextmanager
def kube_server(build: Path, folder: Path, *, tokens: Mapping[str, str]) -> Iterator[KubeServer]:
    """Run both programs while the block runs; `tokens` maps further tokens to `USER` or `USER,GROUP`."""
    client, peer, port = _free_ports(3)
    etcd = f"http://127.0.0.1:{client}"
    _write_settings(folder, tokens)
    with (folder / "etcd.log").open("wb") as etcd_log, (folder / "apiserver.log").open("wb") as log:
        storage = subprocess.Popen(
            _etcd_command(build, folder, etcd, f"http://127.0.0.1:{peer}"),
            stdout=etcd_log,
            stderr=subprocess.STDOUT,
        )
        server = subprocess.Popen(_command(build, folder, etcd, port), stdout=log, stderr=subprocess.STDOUT)
        try:
            running = KubeServer(address=f"https://127.0.0.1:{port}", folder=folder, etcd=etcd)
            _wait(running, server)
            yield running
        finally:
            for process in (server, storage):
                process.terminate()
            for process in (server, storage):
                try:
                    process.wait(timeout=3)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _write_settings(folder: Path, tokens: Mapping[str, str]) -> None:
    lines = [f"{ADMIN},admin,1,system:masters"]
    for number, (token, holder) in enumerate(tokens.items(), start=2):
        user, _, group = holder.partition(",")
        lines.append(f"{token},{user},{number}" + (f",{group}" if group else ""))
    (folder / "tokens.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "audit.yaml").write_text(AUDIT_POLICY, encoding="utf-8")
    key = base64.b64encode(b"k" * 32).decode()
    (folder / "encryption.yaml").write_text(ENCRYPTION % key, encoding="utf-8")
    subprocess.run(
        ["openssl", "genrsa", "-out", folder / "accounts.key", "2048"], check=True, capture_output=True
    )


def _etcd_command(build: Path, folder: Path, client: str, peer: str) -> list[str]:
    return [
        str(build / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _command(build: Path, folder: Path, etcd: str, port: int) -> list[str]:
    return [
        str(build / "kube-apiserver"),
        f"--etcd-servers={etcd}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--insecure-port=0",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-account-issuer=https://tests.example",
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-policy-file={folder / 'audit.yaml'}",
        f"--audit-log-path={folder / 'audit.log'}",
        f"--encryption-provider-config={folder / 'encryption.yaml'}",
    ]


def _wait(server: KubeServer, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            server.call("GET", "/version")
            server.call("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin")
            server.call("GET", "/api/v1/namespaces/kube-system")
            server.call("GET", "/api/v1/namespaces/default")
        except (HTTPError, URLError, OSError):
            time.sleep(0.1)
        else:
            return
    log = (server.folder / "apiserver.log").read_text("utf-8", errors="replace")
    raise AssertionError(f"kube-apiserver does not start:\n{log[-3000:]}")


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
