"""What looking back over a period costs: a year of daily runs over 10,000 secrets, in an SQLite ledger.

    python benchmarks/period.py [--runs N] [--secrets N] [--keep FILE]

Every day one value in ninety is replaced, half of all are read by somebody, and a few secrets come and go; three rules
judge them, and about one finding in nine fails. `--keep` names a ledger to make, or to measure again when it is there.
The look back is measured in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from evaluation import secrets

from keyproof.app.assess import Request, assess
from keyproof.app.period import Asked, look_back
from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.duration import parse_duration
from keyproof.domain.ledger import Command, Recording
from keyproof.domain.policy import Policy
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata, SecretVersion, VersionState
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Severity
from keyproof.policy.loader import load_policy
from keyproof.store.ledger import Ledger
from keyproof.store.sqlite import SqliteDatabase
from keyproof.wiring.catalog import CHECKS

FIRST = datetime(2026, 3, 1, 6, tzinfo=UTC)
_DAY = timedelta(days=1)
_PACK = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: year, title: A year, version: 1.0.0, owner: Security, reviewed: 2026-01-01}
rules:
  - {id: production, title: Production rotates, check: max-age, select: {environment: production}, with: {period: 180d}}
  - {id: all, title: All rotate, check: max-age, with: {period: 1y}}
  - {id: owned, title: Somebody owns it, check: required-metadata, with: {fields: [owner]}}
"""


def days(runs: int, number: int) -> Iterator[Snapshot]:
    """What each daily run reads; the same for the same numbers."""
    rng = random.Random(1)
    spare = list(secrets(number + 3 * runs))
    held, spare = spare[:number], spare[number:]
    for day in range(runs):
        now = FIRST + day * _DAY
        for _ in range(3):
            held[rng.randrange(len(held))] = _replaced(spare.pop(), now, rng)
        for place in range(len(held)):
            if rng.random() < 1 / 90:
                held[place] = _replaced(held[place], now - timedelta(seconds=rng.randrange(86_400)), rng)
            if rng.random() < 1 / 2:
                held[place] = replace(held[place], last_accessed_at=now)
        found = tuple(sorted(held, key=lambda secret: secret.id))
        scope = Scope(
            source="aws-main",
            kind="aws-secrets-manager",
            scope="eu-west-1",
            status=ScopeStatus.OK,
            subjects=len(found),
        )
        yield Snapshot(taken_at=now, secrets=found, leaks=(), repositories=(), scopes=(scope,))


def _replaced(secret: SecretMetadata, at: datetime, rng: random.Random) -> SecretMetadata:
    """The secret with a new value."""
    version = SecretVersion(id=f"{rng.getrandbits(64):016x}", state=VersionState.CURRENT, created_at=at)
    fact = DatedFact(at=at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
    older = [replace(one, state=VersionState.PREVIOUS) for one in secret.versions or ()][:1]
    return replace(secret, versions=(version, *older), facts=(fact,))


def make(path: Path, runs: int, number: int) -> None:
    """Record a run a day in a new ledger."""
    ledger = Ledger(SqliteDatabase(path))
    policy = _policy()
    for snapshot in days(runs, number):
        now = snapshot.taken_at
        request = Request(
            as_of=now, organisation="Acme", config_digest="0" * 64, version="1", fail_on=Severity.LOW
        )
        judged = assess(snapshot, policy, request, finished=now)
        ledger.save(Recording(command=Command.SCAN, snapshot=snapshot, assessment=judged))
    ledger.close()


def _policy() -> Policy:
    with TemporaryDirectory() as folder:
        Path(folder, "year.yaml").write_text(_PACK, encoding="utf-8")
        return load_policy(["year.yaml"], root=Path(folder), checks=CHECKS)


class _Quiet:
    """A Progress nobody watches."""

    def begin(self, label: str, total: int | None) -> None:
        """See Progress."""

    def advance(self, units: int) -> None:
        """See Progress."""


def measure(path: Path) -> dict[str, float]:
    """Look back over the whole ledger."""
    ledger = Ledger(SqliteDatabase(path, readonly=True))
    begin, begin_cpu = time.perf_counter(), time.process_time()
    runs = ledger.runs()
    asked = Asked(
        first=runs[0].started.date(),
        last=runs[-1].started.date(),
        every=parse_duration("daily"),
        sample=25,
        seed="s",
        now=runs[-1].started + 9 * _DAY,
    )
    found = look_back(runs, asked, ledger, progress=_Quiet())
    return {
        "runs": len(found.runs),
        "exceptions": len(found.exceptions),
        "lines": len(found.lateness),
        "overdue": sum(line.overdue for line in found.lateness),
        "seconds": time.perf_counter() - begin,
        "cpu": time.process_time() - begin_cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=365)
    parser.add_argument("--secrets", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.keep)))
        return
    with TemporaryDirectory() as folder:
        path = options.keep or Path(folder, "runs.db")
        begin = time.perf_counter()
        if not path.exists():
            make(path, options.runs, options.secrets)
        made = time.perf_counter() - begin
        again = [sys.executable, __file__, "--measure", "--keep", str(path)]
        told = json.loads(subprocess.run(again, check=True, capture_output=True).stdout)
        print(
            f"{'runs':>5} {'exceptions':>11} {'store MB':>9} {'made in s':>10} {'look back s':>12} {'of CPU':>7} {'peak MB':>8}"
        )
        print(
            f"{told['runs']:>5} {told['exceptions']:>11,} {path.stat().st_size / 1e6:>9.0f} {made:>10.0f}"
            f" {told['seconds']:>12.1f} {told['cpu']:>7.1f} {told['megabytes']:>8.0f}"
        )
        print(f"{told['lines']:,} lines of rotation, {told['overdue']:,} days overdue")


if __name__ == "__main__":
    main()
