"""What judging costs: 100,000 secrets by 20 rules, beside Cloud Custodian's filters on the same metadata.

    python benchmarks/evaluation.py [--work NAME] [--secrets N] [--custodian PYTHON] [--runs N] [--profile]

There are two works. `mixed` has every kind of selector and of check that secrets have, of which Custodian can
do a part. `ages` has twenty rules of one tag and one age, of which it can do everything but the sentences.

`--custodian` is the interpreter of an environment that has c7n installed (never this project's own):
without it that half is left out, and the table says so. Every measurement runs in a process of its own,
so that its peak memory is its own, and the two take turns. Figures are of one machine at one moment; the
ratios are what counts.
"""

import argparse
import cProfile
import json
import os
import pstats
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keyproof.app.evaluate import evaluate
from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.policy import Policy
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Encryption,
    InventoryClaim,
    Rotation,
    SecretMetadata,
    SecretVersion,
    SourceLine,
    VersionState,
)
from keyproof.domain.snapshot import Snapshot
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS

HERE = Path(__file__).parent
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = "111122223333"
_KINDS = (
    "openai-api-key", "database-password", "jwt-secret", "encryption-key", "smtp-password",
    "stripe-webhook", "session-key", "redis-password", "sentry-dsn", "service-account",
)  # fmt: skip
_SERVICES = ("payment", "core", "billing", "search", "mail", "report", "login", "media")
_TEAMS = ("payments", "core", "growth", "data", "platform")
_OWNERS = ("platform-eu", "platform-us", "payments", "growth", "")
_WORKS = ("mixed", "ages")
_ENVIRONMENTS = ("production", "staging", "development", "test")


def secrets(number: int) -> Iterator[SecretMetadata]:
    """Metadata as a live AWS account shows it, no two alike; the same for the same number."""
    rng = random.Random(20)
    for index in range(number):
        environment = rng.choice(_ENVIRONMENTS)
        name = (
            f"acme/{environment}/{rng.choice(_SERVICES)}-{rng.randrange(40)}/{rng.choice(_KINDS)}-{index:06d}"
        )
        changed = NOW - timedelta(seconds=rng.randrange(500 * 86_400))
        created = changed - timedelta(seconds=rng.randrange(300 * 86_400))
        yield _secret(rng, name, environment, created, changed)


def _secret(
    rng: random.Random, name: str, environment: str, created: datetime, changed: datetime
) -> SecretMetadata:
    extra = (
        ("pci", "true", 0.1),
        ("rotate", "yes", 0.4),
        ("managed", "true", 0.2),
        ("type", "jwt", 0.05),
        ("contact", "oncall@example.com", 0.6),
    )
    tags = {"team": rng.choice(_TEAMS), "cost-centre": str(rng.randrange(200))}
    tags |= {tag: value for tag, value, share in extra if rng.random() < share}
    rotating = rng.random() < 0.6
    place = SourceLine(path="secrets.md", line=rng.randrange(1, 9_000))
    return SecretMetadata(
        id=f"aws-secrets-manager://{ACCOUNT}/eu-west-1/{name}",
        name=name,
        source="aws-main",
        backend="aws-secrets-manager",
        scope="eu-west-1",
        environment=environment,
        owner=rng.choice(_OWNERS),
        tags=tags,
        created_at=created,
        facts=(
            DatedFact(at=changed, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),
            DatedFact(at=created, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND),
        ),
        versions=(
            SecretVersion(id=f"{rng.getrandbits(64):016x}", state=VersionState.CURRENT, created_at=changed),
            SecretVersion(id=f"{rng.getrandbits(64):016x}", state=VersionState.PREVIOUS, created_at=created),
        )[: 1 + (rng.random() < 0.5)],
        rotation=Rotation(
            enabled=rotating,
            interval=timedelta(days=rng.choice((30, 60, 90, 180))) if rotating else None,
            last_at=changed if rotating else None,
        ),
        expires_at=NOW + timedelta(seconds=rng.randrange(-100 * 86_400, 400 * 86_400))
        if rng.random() < 0.3
        else None,
        encryption=Encryption(encrypted=True, key="alias/acme", customer_managed=rng.random() < 0.7),
        grants=tuple(
            AccessGrant(
                principal=f"arn:aws:iam::{ACCOUNT}:role/{rng.choice(('dev', 'ops', 'ops', 'ops'))}-{rng.randrange(9)}",
                actions=(Action.READ,),
                via="resource policy",
            )
            for _ in range(rng.randrange(3))
        ),
        audit=(AuditTrail(sink="arn:aws:cloudtrail:trail/main", enabled=True, covers_reads=True),),
        claims=(InventoryClaim(source="table", name=name, place=place),) if rng.random() < 0.7 else (),
    )


def snapshot(number: int) -> Snapshot:
    """Everything one scan of such an account would have read."""
    found = tuple(sorted(secrets(number), key=lambda secret: secret.id))
    return Snapshot(
        taken_at=NOW,
        secrets=found,
        leaks=(),
        repositories=(),
        scopes=(
            Scope(
                source="aws-main",
                kind="aws-secrets-manager",
                scope="eu-west-1",
                status=ScopeStatus.OK,
                subjects=number,
            ),
            Scope(source="table", kind="inventory", scope="secrets.md", status=ScopeStatus.OK, subjects=0),
        ),
        inventory_sources=frozenset({"table"}),
    )


def policy(work: str) -> Policy:
    """The rules, loaded as a run loads them."""
    return load_policy([str(HERE / f"{work}.pack.yaml")], root=HERE, checks=CHECKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one process measured of itself."""

    seconds: float
    cpu: float
    """Seconds of the processor: what counts on a machine that others use as well."""
    megabytes: float
    """Peak memory of the process, its input included."""
    found: int
    """Findings, or resources that filters returned."""
    before: float
    """Peak memory before the work began."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--work", choices=_WORKS, help="which of the two; without it both")
    parser.add_argument("--secrets", type=int, default=100_000)
    parser.add_argument("--custodian", help="python of an environment with c7n", metavar="PYTHON")
    parser.add_argument("--runs", type=int, default=3, help="the quickest of them counts")
    parser.add_argument("--profile", action="store_true", help="show where the time goes, and nothing else")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    works = (options.work,) if options.work else _WORKS
    if options.measure:
        print(json.dumps(_measure(works[0], options.secrets)))
    elif options.profile:
        _profile(works[0], options.secrets)
    else:
        for work in works:
            _compare(work, options.secrets, options.custodian, options.runs)


def _measure(work: str, number: int) -> Mapping[str, float]:
    judged, rules = snapshot(number), policy(work)
    before = _peak()
    begin, begin_cpu = time.perf_counter(), time.process_time()
    findings = evaluate(rules.packs, judged, now=NOW)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    if not all(finding.reason and finding.id for finding in findings):
        raise SystemExit("a finding has no reason")
    return {"seconds": seconds, "cpu": cpu, "megabytes": _peak(), "found": len(findings), "before": before}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _profile(work: str, number: int) -> None:
    judged, rules = snapshot(number), policy(work)
    profile = cProfile.Profile()
    profile.runcall(evaluate, rules.packs, judged, now=NOW)
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


def _compare(work: str, number: int, custodian: str | None, runs: int) -> None:
    rules = len(policy(work).packs[0].rules)
    with TemporaryDirectory() as folder:
        commands = {
            "keyproof, findings with reasons": [
                *(sys.executable, __file__, "--measure", "--work", work, "--secrets", str(number))
            ]
        }
        if custodian is not None:
            path = Path(folder, "resources.jsonl")
            _write_resources(path, number)
            script, policies = HERE / "evaluation_custodian.py", HERE / f"{work}.custodian.yaml"
            commands["Cloud Custodian, failing resources"] = [
                *(custodian, str(script), str(path), str(policies), NOW.isoformat())
            ]
        measured = [{name: _run(command) for name, command in commands.items()} for _ in range(runs)]
    best = {name: min((run[name] for run in measured), key=lambda one: one.cpu) for name in commands}
    print(f"{work}: {number:,} secrets by {rules} rules, the quickest of {runs} runs")
    print(f"{'':34} {'seconds':>8} {'cpu s':>7} {'pairs/s':>11} {'found':>10} {'peak MB':>8} {'input MB':>9}")
    for name, one in best.items():
        print(_row(name, one, number * rules))
    if custodian is None:
        print("Cloud Custodian: left out, no --custodian PYTHON given")
        return
    ours, theirs = best.values()
    print(f"Custodian takes {theirs.cpu / ours.cpu:.2f} times the processor time")


def _run(command: list[str]) -> Measured:
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _row(name: str, one: Measured, pairs: int) -> str:
    rate = pairs / one.cpu
    return f"{name:34} {one.seconds:8.2f} {one.cpu:7.2f} {rate:11,.0f} {one.found:10,} {one.megabytes:8.0f} {one.before:9.0f}"


def _write_resources(path: Path, number: int) -> None:
    """The same metadata as Custodian's own collector would hold it."""
    with path.open("w", encoding="utf-8") as file:
        for secret in secrets(number):
            file.write(json.dumps(_resource(secret)) + "\n")


def _resource(secret: SecretMetadata) -> dict[str, Any]:
    tags = {**secret.tags, "environment": secret.environment, "owner": secret.owner}
    interval = secret.rotation.interval if secret.rotation else None
    found: dict[str, Any] = {
        "ARN": secret.id,
        "Name": secret.name,
        "LastChangedDate": secret.facts[0].at.isoformat(),
        "CreatedDate": secret.facts[1].at.isoformat(),
        "RotationEnabled": bool(secret.rotation and secret.rotation.enabled),
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if interval:
        found["RotationRules"] = {"AutomaticallyAfterDays": interval.days}
    if secret.expires_at:
        found["ExpiresAt"] = secret.expires_at.isoformat()
    if secret.encryption and secret.encryption.customer_managed:
        found["KmsKeyId"] = secret.encryption.key
    return found


if __name__ == "__main__":
    main()
