"""How quickly an API server's audit log is read: a million events about Secrets, and the events of each Secret."""

import argparse
import json
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keyproof.kubernetes.audit_log import read_logs

_START = datetime(2025, 10, 1, tzinfo=UTC)


def _write(path: Path, *, lines: int, users: int, secrets: int) -> None:
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


def main() -> None:
    """Write a log, read it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--secrets", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.log"
        _write(path, lines=given.lines, users=given.users, secrets=given.secrets)
        begun = time.perf_counter()
        log = read_logs([path], scanner="")
        read = time.perf_counter()
        events = 0
        for number in range(given.secrets):
            found = log.log_of("shop", f"secret-{number}")
            events += len(found.events) if found else 0
        done = time.perf_counter()
        size = path.stat().st_size >> 20
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print("| lines | MiB | read | events of all secrets | peak memory |")
    print("|---|---|---|---|---|")
    print(f"| {log.lines} | {size} | {read - begun:.1f} s | {events} in {done - read:.1f} s | {memory} MiB |")


if __name__ == "__main__":
    main()
