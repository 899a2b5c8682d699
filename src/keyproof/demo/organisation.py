"""The demo's organisation: its inventory table, policies and configuration, dated back from today."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from textwrap import dedent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the organisation's own tracking table, with what somebody wrote there."""

    name: str
    age: int
    """Days since the rotation it claims."""
    period: int
    """Days, as the organisation's policy says."""
    stated: int
    """Days after the claimed rotation at which the table says the next one is."""
    owner: str
    status: str


ROWS = (
    Row(name="OpenAI API Key", age=25, period=60, stated=61, owner="DevOps", status="✅ Current"),
    Row(name="Notion API Key", age=34, period=90, stated=90, owner="DevOps", status="✅ Current"),
    Row(name="CRM API Key", age=63, period=90, stated=92, owner="DevOps", status="⚠️ Due Soon"),
    Row(name="Platform API Key", age=46, period=90, stated=90, owner="DevOps", status="✅ Current"),
    Row(name="Database Password", age=96, period=90, stated=92, owner="DBA", status="🔴 Overdue"),
    Row(name="JWT Secret", age=126, period=180, stated=365, owner="Security", status="✅ Current"),
    Row(name="CDN API Key", age=30, period=90, stated=90, owner="DevOps", status="✅ Current"),
)


def inventory(today: date) -> str:
    """The table as a Markdown document."""
    lines = [
        "# Secret rotation tracking",
        "",
        "| Secret | Rotation Frequency | Last Rotated | Next Rotation | Owner | Status |",
        "|--------|--------------------|--------------|---------------|-------|--------|",
    ]
    for row in ROWS:
        last = today - timedelta(days=row.age)
        stated = last + timedelta(days=row.stated)
        lines.append(f"| {row.name} | {row.period} days | {last} | {stated} | {row.owner} | {row.status} |")
    return "\n".join(lines) + "\n"


def configuration(aws: str, vault: str | None) -> str:
    """keyproof.yaml of the organisation; `vault` is left out where no server could be started."""
    vault_line = f'  - {{id: vault, kind: vault, address: "{vault}"}}\n' if vault else ""
    return (
        dedent(
            f"""\
            version: 1
            organisation: Content Platform Ltd (demo)
            frameworks: [soc2, pci-dss-4.0.1]
            policies: [content-platform, pci-dss-4.0.1, ./security/house.yaml]
            sources:
              - id: aws
                kind: aws-secrets-manager
                regions: [us-east-1, eu-west-1]
                endpoint-url: "{aws}"
              - {{id: tracking-table, kind: inventory, path: docs/secrets.md}}
              - {{id: env-files, kind: dotenv, path: service}}
            """
        )
        + vault_line
        + dedent(
            """\
            repositories: [{path: service, history: full, environment: production, owner: DevOps}]
            environments:
              production: ["*/production/*"]
              staging: ["*/staging/*"]
            aliases:
              Google Service Account: ["*/google-service-account"]
            waivers: [security/waivers.yaml]
            attestations: [security/attestations.yaml]
            """
        )
    )


def house_policy(today: date) -> str:
    """The organisation's own rules beside the shipped packs."""
    return dedent(
        f"""\
        apiVersion: keyproof/v1
        kind: PolicyPack
        metadata:
          id: house
          title: Rules of the house
          version: 1.0.0
          owner: Security
          reviewed: {today - timedelta(days=40)}
          review-every: quarterly
          approved-by: [Security, Engineering]
        extends: [soc2]
        disable:
          credential-rotation: The pack content-platform states a period for every class.
        roles:
          application: ["*:role/content-generator", "auth/approle/role/content-generator"]
          developer: ["*:role/developer-*", "auth/userpass/users/dev-*"]
        rules:
          - id: developers-not-in-production
            title: Developers cannot read production secrets
            check: access
            select: {{environment: production, backend: [aws-secrets-manager, vault]}}
            with: {{roles: {{application: allow, developer: deny}}}}
            severity: high
            controls: [{{id: "soc2:CC6.3", strength: partial}}]
            remediation: Take the developer out of the policy that grants the read; use break-glass for incidents.
        """
    )


def waivers(today: date) -> str:
    """One accepted failure, for a month."""
    return dedent(
        f"""\
        apiVersion: keyproof/v1
        kind: Waivers
        waivers:
          - id: schema-migration
            rule: developers-not-in-production
            select: {{name: "*/production/database-password"}}
            reason: Ana migrates the schema by hand until the pipeline can.
            ticket: OPS-212
            requested-by: Ana
            approved-by: [Security]
            from: {today - timedelta(days=10)}
            until: {today + timedelta(days=11)}
            compensating-control: Every read is logged and reviewed daily.
        """
    )


def attestations(today: date) -> str:
    """What people of the organisation state where no scan can look; the last one has lapsed."""
    return dedent(
        f"""\
        apiVersion: keyproof/v1
        kind: Attestations
        attestations:
          - id: audit-of-the-month
            rule: content-platform/monthly-audit
            statement: All secrets were listed and compared with their periods; two were sent for rotation.
            by: Security
            at: {today - timedelta(days=12)}
            every: 30d
            evidence: SEC-88
          - id: rotation-checklist
            rule: content-platform/rotation-checklist
            statement: The checklist was followed at every rotation of the quarter.
            by: DevOps
            at: {today - timedelta(days=100)}
            every: 90d
            evidence: OPS-197
        """
    )


def write(folder: Path, *, today: date, aws: str, vault: str | None) -> None:
    """Write every file of the organisation but its repository."""
    files = {
        "keyproof.yaml": configuration(aws, vault),
        "docs/secrets.md": inventory(today),
        "security/house.yaml": house_policy(today),
        "security/waivers.yaml": waivers(today),
        "security/attestations.yaml": attestations(today),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
