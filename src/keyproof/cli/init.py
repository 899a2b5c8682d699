"""`keyproof init`: a commented configuration, a first policy and the hook, for what is found here."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import typer

from keyproof.cli.output import write_file
from keyproof.cli.surroundings import surroundings
from keyproof.config import FILE_NAME
from keyproof.errors import ConfigError

_POLICY = Path("security/policy.yaml")
_HOOK = Path(".pre-commit-config.yaml")


def init(
    force: bool = typer.Option(False, "--force", help="Overwrite files that are already there."),
) -> None:
    """Write keyproof.yaml and security/policy.yaml for the git repository, tables and backends found here."""
    world = surroundings(Path.cwd())
    files = {
        Path(FILE_NAME): _configuration(world.root, world.environ),
        _POLICY: _first_policy(world.root.name, world.clock.now().date()),
    }
    if (world.root / ".git").exists() and not (world.root / _HOOK).exists():
        files[_HOOK] = _hook()
    taken = [str(path) for path in files if (world.root / path).exists()]
    if taken and not force:
        raise ConfigError(f"{', '.join(taken)} already there", hint="keep it, or write it anew with --force")
    for path, text in files.items():
        write_file(world.root / path, text)
        typer.echo(f"wrote {path}")
    typer.echo("next: read the comments in keyproof.yaml, then run `keyproof doctor` and `keyproof scan`")


def _configuration(root: Path, environ: Mapping[str, str]) -> str:
    sources = [*_aws(environ), *_vault(environ), *_dotenv(root), *_tables(root)]
    listed = "\n".join(f"  - {source}" for source in sources)
    repository = (
        "repositories: [{path: ., history: full}]" if (root / ".git").exists() else "repositories: []"
    )
    return "\n".join(
        [
            "# What keyproof reads and by which rules it judges. Credentials never stand here:",
            "# each backend's own default chain is used (AWS profile, VAULT_TOKEN, ...).",
            "version: 1",
            f"organisation: {json.dumps(root.name)}",
            "",
            "# Shipped packs by id (`keyproof policy list`) or files of your own.",
            f"policies: [baseline, {_POLICY}]",
            "frameworks: [soc2]",
            "",
            *(
                [f"sources:\n{listed}"]
                if sources
                else ["sources: []   # none found here; see the README for each kind"]
            ),
            "",
            "# Searched for committed secrets: every stored object of the whole history.",
            repository,
            "",
            "# The first match wins; matched against a secret's name and id.",
            "environments:",
            '  production: ["*/production/*", "*/prod/*", "prod/*"]',
            '  staging: ["*/staging/*", "staging/*"]',
            "",
            "# Where every run is recorded, chained to the one before. This file is the default; a team shares",
            "# a PostgreSQL database (its password comes from PGPASSWORD), and `off` records nothing.",
            "# store: .keyproof/runs.db",
            "# store: postgresql://keyproof@db.example/compliance",
            "",
        ]
    )


def _aws(environ: Mapping[str, str]) -> list[str]:
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if not (region or environ.get("AWS_PROFILE") or environ.get("AWS_ACCESS_KEY_ID")):
        return []
    return [f"{{id: aws, kind: aws-secrets-manager, regions: [{region or 'us-east-1'}]}}"]


def _vault(environ: Mapping[str, str]) -> list[str]:
    if not (environ.get("VAULT_ADDR") or environ.get("BAO_ADDR")):
        return []
    name = "VAULT_ADDR" if environ.get("VAULT_ADDR") else "BAO_ADDR"
    return [f'{{id: vault, kind: vault, address: "${{{name}}}"}}']


def _dotenv(root: Path) -> list[str]:
    return ["{id: env-files, kind: dotenv, path: .}"] if any(root.glob(".env*")) else []


def _tables(root: Path) -> list[str]:
    """Markdown files whose name says that they list secrets."""
    found = [
        path
        for path in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])
        if any(word in path.name.lower() for word in ("secret", "credential", "rotation"))
    ]
    return [
        f"{{id: table-{index}, kind: inventory, path: {path.relative_to(root)}}}"
        for index, path in enumerate(found, start=1)
    ]


def _first_policy(name: str, today: date) -> str:
    return f"""apiVersion: keyproof/v1
kind: PolicyPack
metadata:
  id: house
  title: {json.dumps(f"{name} secrets policy")}
  version: 0.1.0
  owner: Security          # who keeps this file true
  reviewed: {today}     # the day somebody last read it as a whole
  review-every: quarterly
  approved-by: [Security]
rules:
  - id: production-rotation
    title: Production secrets rotate every 90 days
    check: max-age
    select: {{environment: production}}
    with: {{period: 90d}}
    remediation: Write a new version in the backend, deploy it, then retire the old one.
"""


def _hook() -> str:
    return """# Stops a commit that would bring a secret in; install with `pre-commit install`.
repos:
  - repo: local
    hooks:
      - id: keyproof
        name: keyproof (no secret gets in)
        entry: keyproof-hook
        language: system
        pass_filenames: false
"""
