"""detect-secrets' plugins see the lines they would report, and say nothing by themselves."""

import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection import foreign
from keyproof.leaks.detection.examples import expand
from keyproof.leaks.detection.scanner import Scanner

_TEMPLATES = [
    'api_key = "{alnum:31}"',
    "x = '{base64:44}'",
    'y = "{hex:40}"',
    "AKIA{base32:16}",
    "ghp_{alnum:36}",
    "glpat-{alnum:20}",
    "https://me:{alnum:12}@host.internal/",
    'if ("{alnum:20}" == my_password) {',
    'my_password => "{alnum:20}"',
    'private_key "{alnum:20}";',
    "AccountKey={base64:86}==",
    "SG.{alnum:22}.{alnum:43}",
    "sk_live_{alnum:24}",
    "{hex:32}-us12",
    "xoxb-{digits:12}-{lower:24}",
    "SK{hex:32}",
    "{digits:10}:{alnum:35}",
    'cloudant_api_key = "{lower:24}"',
    'softlayer_api_key = "{lower:64}"',
    'ibm_api_key: "{alnum:44}"',
    "{jwt}",
    'aws_secret_key = "{base64:40}"',
    "-----BEGIN RSA PRIVATE KEY-----",
    'password = "hunter2"',
    'password = "${HUNTER}"',
    "nothing = here()",
]


@pytest.mark.parametrize("template", _TEMPLATES)
def test_it_finds_what_the_library_finds(template: str, tmp_path: Path, foreign_scanner: Scanner) -> None:
    line = expand(template, "foreign").text
    path = tmp_path / "code"
    path.write_bytes(line + b"\n")
    with default_settings():
        collection = SecretsCollection(root=str(tmp_path))
        collection.scan_file("code")
    theirs = {secret.secret_value or "" for _, secret in collection}
    ours = [match.secret.decode() for match in foreign_scanner.scan(line)]
    unseen = {value for value in theirs if not any(value in found or found in value for found in ours)}
    missed = {value for value in unseen if "PRIVATE KEY" not in value or b"-----END" in line}
    assert missed == (unseen if template.startswith("-----") else set())


def test_a_finding_is_possible_and_placed(foreign_scanner: Scanner) -> None:
    (match,) = foreign_scanner.scan(expand("# ü\nvalue = '{base64:44}'", "place").text)
    assert (match.detector, match.line, match.column) == ("detect-secrets-base64-high-entropy-string", 2, 10)
    assert match.confidence is LeakConfidence.POSSIBLE


def test_ours_outranks_theirs(foreign_scanner: Scanner) -> None:
    (match,) = foreign_scanner.scan(expand("[[ghp_{github-body}]]", "rank").text)
    assert match.detector == "github-personal-access-token"


def test_every_plugin_is_there(foreign_scanner: Scanner) -> None:
    names = [one for one in foreign_scanner.detectors if one.startswith(foreign.PREFIX)]
    assert len(names) == 27


def test_settings_of_a_scanned_repository_are_never_read(
    tmp_path: Path, foreign_scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "evil.py"
    plugin.write_text("raise SystemExit('loaded')")
    baseline = {"plugins_used": [{"name": "Evil", "path": f"file://{plugin}"}], "results": {}}
    (tmp_path / ".secrets.baseline").write_text(json.dumps(baseline))
    monkeypatch.chdir(tmp_path)
    foreign_scanner.scan(b'password = "hunter2"')


def test_the_library_is_silent_and_leaves_warnings_alone() -> None:
    foreign.detectors()
    log = logging.getLogger("detect-secrets")
    assert log.disabled
    assert not log.propagate
    assert logging.StreamHandler not in {type(handler) for handler in log.handlers}
    code = (
        "import logging, warnings; before = warnings.showwarning;"
        "from keyproof.leaks.detection import foreign; foreign.detectors();"
        "assert warnings.showwarning is before; print('same')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "same"
    assert warnings.showwarning.__module__ != "logging"
