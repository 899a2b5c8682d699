"""How quickly an audit log is read, an API server's or Vault's: a million lines, and the events of each secret."""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keyproof.domain.access import AccessLog
from keyproof.kubernetes.audit_log import read_logs as read_kubernetes
from keyproof.vault.audit_log import read_logs as read_vault
from keyproof.vault.uses import kv_uses

_START = datetime(2025, 10, 1, tzinfo=UTC)
_DIGEST = "hmac-sha256:" + "0123456789abcdef" * 4


def _write_kubernetes(path: Path, *, lines: int, users: int, secrets: int) -> None:
    reason = (
        'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to ServiceAccount "shop/web"'
    )
    with path.open("w", encoding="utf-8") as log:
        for number in range(lines):
            at = (_START + timedelta(seconds=number * 2)).isoformat().replace("+00:00", ".123456Z")
            name = f"secret-{number % secrets}"
            event = {
                "kind": "Event",
                "apiVersion": "audit.k8s.io/v1",
                "level": "Metadata",
                "auditID": f"{number:036}",
                "stage": "ResponseComplete",
                "requestURI": f"/api/v1/namespaces/shop/secrets/{name}",
                "verb": "get",
                "user": {
                    "username": f"system:serviceaccount:shop:{number % users}",
                    "groups": ["system:authenticated"],
                },
                "sourceIPs": ["10.0.0.1"],
                "userAgent": "web/1.0",
                "objectRef": {"resource": "secrets", "namespace": "shop", "name": name, "apiVersion": "v1"},
                "responseStatus": {"code": 200},
                "requestReceivedTimestamp": at,
                "stageTimestamp": at,
                "annotations": {
                    "authorization.k8s.io/decision": "allow",
                    "authorization.k8s.io/reason": reason,
                },
            }
            log.write(json.dumps(event, separators=(",", ":")) + "\n")


def _write_vault(path: Path, *, lines: int, users: int, secrets: int) -> None:
    with path.open("w", encoding="utf-8") as log:
        for number in range(lines):
            pair = number // 2
            at = (_START + timedelta(seconds=pair * 4)).isoformat().replace("+00:00", ".123456789Z")
            mount = {
                "mount_point": "kv/",
                "mount_type": "kv",
                "mount_accessor": "kv_1",
                "mount_class": "secret",
            }
            entry = {
                "time": at,
                "type": "response" if number % 2 else "request",
                "auth": {
                    "client_token": _DIGEST,
                    "accessor": _DIGEST,
                    "display_name": f"userpass-user-{pair % users}",
                    "policies": ["default", "reader"],
                    "token_policies": ["default", "reader"],
                    "policy_results": {
                        "allowed": True,
                        "granting_policies": [{"name": "reader", "namespace_id": "root", "type": "acl"}],
                    },
                    "metadata": {"username": f"user-{pair % users}"},
                    "token_type": "service",
                    "token_ttl": 2764800,
                },
                "request": {
                    "id": f"{pair:036}",
                    "operation": "read",
                    **mount,
                    "client_token": _DIGEST,
                    "client_token_accessor": _DIGEST,
                    "namespace": {"id": "root"},
                    "path": f"kv/data/secret-{pair % secrets}",
                    "remote_address": "10.0.0.1",
                },
            }
            if number % 2:
                entry["response"] = {
                    **mount,
                    "data": {"data": {"value": _DIGEST}, "metadata": {"version": 1}},
                }
            log.write(json.dumps(entry, separators=(",", ":")) + "\n")


def _read_kubernetes(path: Path) -> tuple[int, Callable[[str], AccessLog | None]]:
    log = read_kubernetes([path], scanner="")
    return log.lines, lambda name: log.log_of("shop", name)


def _read_vault(path: Path) -> tuple[int, Callable[[str], AccessLog | None]]:
    log = read_vault([path])
    return log.lines, lambda name: log.log_of(kv_uses(version=2, mount="kv/", path=name))


_SYSTEMS = {"kubernetes": (_write_kubernetes, _read_kubernetes), "vault": (_write_vault, _read_vault)}


def main() -> None:
    """Write a log, read it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", choices=sorted(_SYSTEMS), default="kubernetes")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--secrets", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=300)
    given = parser.parse_args()
    write, read_log = _SYSTEMS[given.system]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.log"
        write(path, lines=given.lines, users=given.users, secrets=given.secrets)
        begun = time.perf_counter()
        lines, log_of = read_log(path)
        read = time.perf_counter()
        events = 0
        for number in range(given.secrets):
            found = log_of(f"secret-{number}")
            events += len(found.events) if found else 0
        done = time.perf_counter()
        size = path.stat().st_size >> 20
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print("| lines | MiB | read | events of all secrets | peak memory |")
    print("|---|---|---|---|---|")
    print(f"| {lines} | {size} | {read - begun:.1f} s | {events} in {done - read:.1f} s | {memory} MiB |")


if __name__ == "__main__":
    main()
