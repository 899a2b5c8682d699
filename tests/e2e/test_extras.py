"""Without the libraries of the extras everything else works, and the message says what to install."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONFIGURATION = """\
version: 1
organisation: Example Ltd
policies: [./policy.yaml]
sources:
  - {id: aws, kind: aws-secrets-manager, regions: [us-east-1]}
  - {id: vault, kind: vault, address: "http://127.0.0.1:1"}
  - {id: database, kind: postgresql, address: "postgresql://a@127.0.0.1:1/b"}
  - {id: certificates, kind: tls, files: [a.pem]}
  - {id: google, kind: google-secret-manager, projects: acme}
  - {id: azure, kind: azure-key-vault, vaults: ["https://a.vault.azure.net"]}
  - {id: table, kind: inventory, path: secrets.csv}
"""
POLICY = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: A, reviewed: 2025-01-01}
rules: [{id: age, title: Age, check: max-age, with: {period: 90d}}]
"""
PROGRAM = """\
import sys
for name in ("boto3", "botocore", "hvac", "moto", "detect_secrets", "psycopg", "cryptography", "azure", "google.auth"):
    sys.modules[name] = None
from keyproof.cli.main import invoke
sys.exit(invoke(sys.argv[1:]))
"""


def test_a_missing_extra_is_a_gap_with_the_line_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "keyproof.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "a.pem").write_bytes(b"\x30\x00")
    (tmp_path / "secrets.csv").write_text("Secret,Last Rotated\nA Password,2025-09-01\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "scan", "--as-of", "2025-10-05", "--format", "json", "-q"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    result = json.loads(done.stdout)
    scopes = {scope["source"]: scope for scope in result["scopes"]}
    extras = {
        "aws": "aws",
        "vault": "vault",
        "database": "postgres",
        "certificates": "tls",
        "azure": "azure",
        "google": "google",
    }
    for source, extra in extras.items():
        assert scopes[source]["status"] == "skipped"
        assert scopes[source]["hint"] == f'run: pip install "keyproof[{extra}]"'
    assert scopes["table"]["status"] == "ok"
    assert [finding["outcome"] for finding in result["findings"]] == ["pass"]
