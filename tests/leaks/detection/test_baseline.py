"""What is written as a baseline detect-secrets reads, and so do we."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module

from inline_snapshot import snapshot

from keyproof.leaks.detection import baseline
from keyproof.leaks.detection.allow import Baseline
from keyproof.leaks.detection.detector import Detector
from keyproof.leaks.detection.examples import expand
from keyproof.leaks.detection.scanner import Scanner

_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
_TEXT = (
    expand("a = 1\nx = [[ghp_{github-body}]]", "baseline").text
    + expand("\npassword = '{alnum:14}'", "b").text
)


def test_a_baseline_is_read_by_both(scanner: Scanner) -> None:
    matches = scanner.scan(_TEXT)
    written = baseline.render({"b/app.py": (_TEXT, matches), "a/none.py": (b"", ())}, at=_AT)
    content = json.loads(written)
    assert content["generated_at"] == snapshot("2026-03-04T05:06:07Z")
    assert [(one["type"], one["line_number"]) for one in content["results"]["b/app.py"]] == snapshot(
        [("GitHub Token", 2), ("GitHub Token", 2), ("Secret Keyword", 3)]
    )
    assert list(content["results"]) == ["b/app.py"]
    collection = import_module("detect_secrets.core.baseline").load(content, "x")
    assert {(one.filename, one.secret_hash) for _, one in collection} == {
        ("b/app.py", one["hashed_secret"]) for one in content["results"]["b/app.py"]
    }
    read = Baseline.parse(written.encode())
    assert read is not None
    assert all(read.accepts(match.secret, ["b/app.py"]) for match in matches)


def test_no_plaintext_is_written(scanner: Scanner) -> None:
    matches = scanner.scan(_TEXT)
    written = baseline.render({"a.py": (_TEXT, matches)}, at=_AT)
    assert not any(match.secret.decode() in written for match in matches)


def test_every_detector_has_a_type(detectors: Sequence[Detector]) -> None:
    types = {one.id: baseline.secret_type(one.id) for one in detectors}
    assert types["slack-webhook-url"] == "Slack Token"
    assert types["generic-assignment-quoted"] == "Secret Keyword"
    assert baseline.secret_type("detect-secrets-base64-high-entropy-string") == "Base64 High Entropy String"
    assert set(baseline._TYPES) <= set(types)
