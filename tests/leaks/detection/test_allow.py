"""Markers, baselines and paths accept or lower what they say, and nothing else."""

import hashlib
import json
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.blob import Match
from keyproof.leaks.detection.allow import Baseline, is_example, is_lock_file, judge, marker


def _match(detector: str = "generic-assignment-quoted", **fields: object) -> Match:
    values: dict[str, object] = {
        "detector": detector,
        "secret": b"hunter-two-and-more",
        "line": 1,
        "column": 1,
        "end_line": 1,
        "confidence": LeakConfidence.LIKELY,
    }
    return Match(**values | fields)  # type: ignore[arg-type]  # a dict of one match's fields


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"x = 1  # keyproof:allow", "keyproof:allow"),
        (b"x = 1  # keyproof: allow", "keyproof: allow"),
        (b"x = 1  # pragma: allowlist secret", "pragma: allowlist secret"),
        (b"x = 1  # pragma: whitelist secret", "pragma: whitelist secret"),
        (b"x = 1  // pragma: allowlist-secret", "pragma: allowlist-secret"),
        (b"x = 1  <!-- gitleaks:allow -->", "gitleaks:allow"),
        (b"x = 1  # betterleaks:allow", "betterleaks:allow"),
        (b"x = 1  # trufflehog:ignore", "trufflehog:ignore"),
        (b"x = 1  # kingfisher:ignore", "kingfisher:ignore"),
        (b"x = 1  # ggignore", "ggignore"),
        (b"x = 1  // secretlint-disable-line", "secretlint-disable-line"),
        (b"x = 1  # nosec B105", "# nosec b105"),
        (b"x = 1  # nosemgrep: generic.secrets.security", "nosemgrep: generic.secret"),
        (b"x = 1  # checkov:skip=CKV_SECRET_6", "checkov:skip=ckv_secret_6"),
        (b"x = 1  # lgtm[py/hardcoded-credentials]", "lgtm[py/hardcoded-credentials]"),
        (b"x = 1  # nosec", None),
        (b"x = 1  # nosec B301", None),
        (b"x = 1  # noqa", None),
        (b"x = 1  # nosemgrep", None),
        (b"x = 1  # allow this secret please", None),
        (b"x = 1  # secretlint-disable-next-line", None),
    ],
)
def test_marker_on_the_line(line: bytes, expected: str | None) -> None:
    assert marker([line]) == expected


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (b"# pragma: allowlist nextline secret\n", "pragma: allowlist nextline secret"),
        (b"  // keyproof:allow-next-line\n", "keyproof:allow-next-line"),
        (b"<!-- secretlint-disable-next-line -->\n", "secretlint-disable-next-line"),
        (b"x = 1  # pragma: allowlist nextline secret\n", None),
        (b"# pragma: allowlist secret\n", None),
    ],
)
def test_marker_for_the_next_line_stands_alone(previous: bytes, expected: str | None) -> None:
    assert marker([b"x = 1"], previous) == expected


def _baseline(**entry: object) -> bytes:
    secret = hashlib.sha1(b"hunter-two-and-more").hexdigest()
    entries = [
        {"type": "Secret Keyword", "filename": "app/a.py", "hashed_secret": secret, "line_number": 3} | entry
    ]
    return json.dumps({"version": "1.5.0", "results": {"app/a.py": entries}}).encode()


def test_a_baseline_accepts_its_value_in_its_file_only() -> None:
    baseline = Baseline.parse(_baseline())
    assert judge(_match(), ["app/a.py"], baseline) == (LeakConfidence.LIKELY, ".secrets.baseline")
    assert judge(_match(), ["app/b.py"], baseline) == (LeakConfidence.LIKELY, None)
    assert judge(_match(), ["app/a.py", "app/b.py"], baseline) == (LeakConfidence.LIKELY, None)
    assert judge(_match(secret=b"another"), ["app/a.py"], baseline) == (LeakConfidence.LIKELY, None)
    assert judge(_match(), [], baseline) == (LeakConfidence.LIKELY, None)


def test_a_marker_is_named_before_the_baseline() -> None:
    baseline = Baseline.parse(_baseline())
    assert judge(_match(marker="gitleaks:allow"), ["app/a.py"], baseline)[1] == "gitleaks:allow"


def test_an_entry_audited_as_real_accepts_nothing() -> None:
    assert judge(_match(), ["app/a.py"], Baseline.parse(_baseline(is_secret=True)))[1] is None
    assert judge(_match(), ["app/a.py"], Baseline.parse(_baseline(is_secret=False)))[1] == ".secrets.baseline"


def test_a_baseline_in_a_folder_speaks_of_paths_below_it() -> None:
    baseline = Baseline.parse(_baseline(), "sub/.secrets.baseline")
    assert judge(_match(), ["sub/app/a.py"], baseline)[1] == "sub/.secrets.baseline"
    assert judge(_match(), ["app/a.py"], baseline)[1] is None


def test_plugin_paths_in_a_baseline_are_never_read() -> None:
    content = json.loads(_baseline())
    content["plugins_used"] = [{"name": "Evil", "path": "file:///nonexistent/evil.py"}]
    baseline = Baseline.parse(json.dumps(content).encode())
    assert baseline is not None
    assert set(baseline.accepted) == {"app/a.py"}


@given(
    st.binary(max_size=60)
    | st.sampled_from([b"{}", b'{"results": 1}', b'{"results": {"a": [1]}}', b"[" * 100_000])
)
def test_what_is_no_baseline_is_none(content: bytes) -> None:
    assert Baseline.parse(content) is None


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["src/app.py"], LeakConfidence.LIKELY),
        (["package-lock.json"], LeakConfidence.POSSIBLE),
        (["tests/test_app.py"], LeakConfidence.POSSIBLE),
        (["docs/guide.md"], LeakConfidence.POSSIBLE),
        (["config.example.yaml"], LeakConfidence.POSSIBLE),
        (["tests/test_app.py", "src/app.py"], LeakConfidence.LIKELY),
        ([], LeakConfidence.LIKELY),
    ],
)
def test_paths_lower_values_without_a_form_of_their_own(paths: list[str], expected: LeakConfidence) -> None:
    assert judge(_match(), paths)[0] is expected
    assert judge(_match("url-password"), paths)[0] is expected
    assert judge(_match("github-personal-access-token"), paths)[0] is LeakConfidence.LIKELY
    assert judge(_match(confidence=LeakConfidence.PROVEN), paths)[0] is LeakConfidence.PROVEN
    assert judge(_match(confidence=LeakConfidence.EXAMPLE), paths)[0] is LeakConfidence.EXAMPLE


def test_an_unquoted_value_in_code_is_rarely_a_literal() -> None:
    match = _match("generic-assignment-unquoted")
    assert judge(match, ["src/app.py"])[0] is LeakConfidence.POSSIBLE
    assert judge(match, ["src/.env"])[0] is LeakConfidence.LIKELY
    assert judge(match, ["src/app.py", ".env"])[0] is LeakConfidence.LIKELY


@pytest.mark.parametrize("path", ["a/Cargo.lock", "yarn.lock", "go.sum", "x/poetry.lock"])
def test_lock_files(path: str) -> None:
    assert is_lock_file(path)
    assert not is_lock_file(str(PurePosixPath(path).with_suffix(".txt")))


@pytest.mark.parametrize(
    "path", ["src/attestation.py", "src/contest/app.py", "protests.csv", "latest/a.py", ".env"]
)
def test_words_that_only_hold_test_are_no_test(path: str) -> None:
    assert not is_example(path)


@pytest.mark.parametrize(
    "path", ["t/a.sh", "x/__tests__/a.js", "a_test.go", "Foo.spec.ts", ".env.example", "x/UserTest.java"]
)
def test_example_paths(path: str) -> None:
    assert is_example(path)
