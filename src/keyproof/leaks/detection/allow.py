"""What makes a match acceptable: inline markers of every known tool, and detect-secrets baselines."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.blob import Match

_MARKERS = re.compile(
    rb"""(?i)
    (?P<keyproof>    keyproof:\s?allow\b)
  | (?P<detect>      pragma:\s?(?:allow|white)list[ -]secret\b)
  | (?P<gitleaks>    gitleaks:allow\b)
  | (?P<betterleaks> betterleaks:allow\b)
  | (?P<trufflehog>  trufflehog:ignore\b)
  | (?P<kingfisher>  kingfisher:(?:ignore|allow)\b)
  | (?P<ggshield>    \bggignore\b)
  | (?P<secretlint>  secretlint-disable-line\b)
  | (?P<bandit>      \#\s?nosec\b[^\n]{0,40}\bB10[567]\b)
  | (?P<semgrep>     nosem(?:grep)?:[^\n]{0,120}(?:secret|password|credential|token|key))
  | (?P<checkov>     checkov:skip=CKV_SECRET_\d+)
  | (?P<codeql>      \b(?:lgtm|codeql)\[\w+/[\w-]{0,60}(?:credential|password|secret)[\w-]{0,60}\])
    """,
    re.VERBOSE,
)
_HINTS = (
    b"allow",
    b"ignore",
    b"whitelist",
    b"disable-",
    b"nosec",
    b"nosem",
    b"checkov:",
    b"lgtm[",
    b"codeql[",
)
_NEXT_LINE = re.compile(
    rb"""(?i)^[ \t]*(?:\#|//|/\*|'|--|;|<!--)[ \t]*
    (?: (?P<detect>   pragma:\s?allowlist[ -]nextline[ -]secret\b)
      | (?P<keyproof> keyproof:\s?allow-next-line\b)
      | (?P<secretlint> secretlint-disable-next-line\b)
      | (?P<kingfisher> kingfisher:(?:ignore|allow)[ -]next[ -]?line\b)
    )""",
    re.VERBOSE,
)
"""A marker for the next line must stand alone, so that it cannot hide the secret beside itself."""

_LOCK_FILES = frozenset(
    """brewfile.lock.json bun.lock cargo.lock cartfile.resolved composer.lock flake.lock gemfile.lock go.sum
    mix.lock npm-shrinkwrap.json package-lock.json package.resolved packages.lock.json pdm.lock pipfile.lock
    pnpm-lock.yaml podfile.lock poetry.lock pubspec.lock uv.lock yarn.lock .terraform.lock.hcl""".split()  # noqa: SIM905 (words read better as words)
)
_EXAMPLE_PARTS = frozenset(
    """t test tests testing testdata test-data test_data __tests__ spec specs fixture fixtures example examples
    sample samples demo demos mock mocks doc docs documentation""".split()  # noqa: SIM905 (words read better as words)
)
_EXAMPLE_NAME = re.compile(
    r"(?:^|[._-])(?i:tests?|spec|example|sample|template|dist|mock|fixture|demo)(?:[._-]|$)|[a-z]Tests?\.[a-z]+$"
)
_CODE_SUFFIXES = frozenset(
    """.py .pyi .js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .go .rs .c .h .cc .cpp .cxx .hpp .cs .m .mm .swift
    .rb .php .pl .pm .lua .dart .ex .exs .erl .hs .clj .groovy .vb .fs .r .jl .vue .svelte .html .htm .css .scss
    .po""".split()  # noqa: SIM905 (words read better as words)
)
UNQUOTED = "generic-assignment-unquoted"
CHOSEN_BY_PEOPLE = frozenset(
    {
        "ado-connection-string",
        "database-url",
        "jdbc-password",
        "netrc-password",
        "otp-seed-argument",
        "otpauth-uri",
        "pgpass-entry",
        "url-password",
        "wordpress-salt",
    }
)
"""Detectors of values with no form of their own, besides the generic ones."""


def marker(lines: Sequence[bytes], previous: bytes = b"") -> str | None:
    """The allow marker, as it is written, on any of `lines`, or on `previous` for the line after it."""
    found = next((match for line in lines if _hinted(line) and (match := _MARKERS.search(line))), None)
    found = found or (_NEXT_LINE.search(previous) if _hinted(previous) else None)
    if not found or not found.lastgroup:
        return None
    return " ".join(found[found.lastgroup].decode("ascii", "replace").lower().split())


def _hinted(line: bytes) -> bool:
    """A cheap look that spares almost every line the expression; one of the hints stands in every marker."""
    lowered = line.lower()
    return any(hint in lowered for hint in _HINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A `.secrets.baseline` of detect-secrets: digests of accepted values, file by file."""

    name: str
    """Its path in the repository, for the report."""
    accepted: Mapping[str, frozenset[str]]
    """Path → SHA-1 of the values accepted in it; only ever compared, never shown or stored."""

    @classmethod
    def parse(cls, content: bytes, name: str = ".secrets.baseline") -> "Baseline | None":
        """Read a baseline; None when it is none. Plugin and filter paths it names are never loaded.

        An entry audited as a real secret (`is_secret: true`) accepts nothing.
        """
        try:
            results = json.loads(content)["results"]
            folder = PurePosixPath(name).parent
            accepted = {
                str(folder / path.replace("\\", "/")): frozenset(
                    entry["hashed_secret"] for entry in entries if entry.get("is_secret") is not True
                )
                for path, entries in results.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return cls(name=name, accepted=accepted)

    def accepts(self, secret: bytes, paths: Sequence[str]) -> bool:
        """Whether `secret` is accepted in every one of `paths`."""
        digest = hashlib.sha1(secret, usedforsecurity=False).hexdigest()  # what detect-secrets stores
        return bool(paths) and all(digest in self.accepted.get(path, ()) for path in paths)


def judge(
    match: Match, paths: Sequence[str], baseline: Baseline | None = None
) -> tuple[LeakConfidence, str | None]:
    """The confidence of `match` given every path its blob stands under, and what accepts it, or None.

    Only what holds for all paths counts: one copy outside a test folder is enough to be taken seriously.
    """
    accepted = match.marker
    if accepted is None and baseline is not None and baseline.accepts(match.secret, paths):
        accepted = baseline.name
    confidence = match.confidence
    formless = match.detector.startswith("generic-") or match.detector in CHOSEN_BY_PEOPLE
    if confidence is LeakConfidence.LIKELY and formless and paths:
        lowered = all(is_lock_file(path) or is_example(path) for path in paths)
        if match.detector == UNQUOTED:
            lowered = lowered or all(PurePosixPath(path).suffix.lower() in _CODE_SUFFIXES for path in paths)
        if lowered:
            confidence = LeakConfidence.POSSIBLE
    return confidence, accepted


def is_lock_file(path: str) -> bool:
    """Whether a package manager writes this file; what looks random in it is a digest."""
    return PurePosixPath(path).name.lower() in _LOCK_FILES


def is_example(path: str) -> bool:
    """Whether the path says that its content is for tests, documentation or show."""
    pure = PurePosixPath(path)
    return not _EXAMPLE_PARTS.isdisjoint(part.lower() for part in pure.parts[:-1]) or bool(
        _EXAMPLE_NAME.search(pure.name)
    )
