"""Writes what was found as a `.secrets.baseline`, for a team that still audits with detect-secrets."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from keyproof.leaks.blob import Match
from keyproof.leaks.detection import foreign
from keyproof.leaks.detection.decoders import text as decoded

_TYPES = {
    "artifactory-api-key": "Artifactory Credentials",
    "artifactory-reference-token": "Artifactory Credentials",
    "aws-access-key-id": "AWS Access Key",
    "aws-secret-access-key": "AWS Access Key",
    "azure-storage-account-key": "Azure Storage Account access key",
    "database-url": "Basic Auth Credentials",
    "discord-bot-token": "Discord Bot Token",
    "ibm-cloud-api-key": "IBM Cloud IAM Key",
    "ibm-cos-hmac-secret": "IBM COS HMAC Credentials",
    "json-web-token": "JSON Web Token",
    "mailchimp-api-key": "Mailchimp Access Key",
    "npm-access-token": "NPM tokens",
    "openai-api-key": "OpenAI Token",
    "private-key-pem": "Private Key",
    "pypi-api-token": "PyPI Token",
    "sendgrid-api-key": "SendGrid API Key",
    "softlayer-api-key": "SoftLayer Credentials",
    "square-oauth-secret": "Square OAuth Secret",
    "stripe-live-key": "Stripe Access Key",
    "telegram-bot-token": "Telegram Bot Token",
    "twilio-api-key": "Twilio API Key",
    "url-password": "Basic Auth Credentials",
}
"""What detect-secrets calls what our detectors find."""
_FAMILIES = {"github-": "GitHub Token", "gitlab-": "GitLab Token", "slack-": "Slack Token"}


def render(found: Mapping[str, tuple[bytes, Sequence[Match]]], *, at: datetime) -> str:
    """A baseline of detect-secrets' own form, sorted, of the decoded text and the matches by path.

    A match stands in it as a whole, which is what keyproof compares, and as what each plugin takes for the secret
    on its lines: of a GitHub token that is `ghp`, of a private key its first line. What its plugins do not find
    detect-secrets drops from the file when its hook next runs, and says so.

    It holds unsalted SHA-1 digests, because that is what the tool compares: a weak password can be guessed from
    one, so the file is as confidential as detect-secrets' own.
    """
    results = {
        path: [_entry(path, *one) for one in _accepted(text, matches)]
        for path, (text, matches) in sorted(found.items())
        if matches
    }
    written = {
        "version": foreign.installed_version(),
        **_settings(),
        "results": results,
        "generated_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json.dumps(written, indent=2) + "\n"


def _accepted(text: bytes, matches: Sequence[Match]) -> list[tuple[int, str, str]]:
    """Line, type and digest of each entry, each type and digest once."""
    lines = text.split(b"\n")
    entries: dict[tuple[str, str], int] = {}
    for match in sorted(matches, key=lambda one: (one.line, one.column)):
        entries.setdefault((secret_type(match.detector), _digest(match.secret)), match.line)
        for number in range(match.line, match.end_line + 1):
            for kind, secret in foreign.findings_in(decoded(lines[number - 1])):
                entries.setdefault((kind, _digest(secret.encode())), number)
    return sorted((line, kind, digest) for (kind, digest), line in entries.items())


def _digest(secret: bytes) -> str:
    return hashlib.sha1(secret, usedforsecurity=False).hexdigest()


def _entry(path: str, line: int, kind: str, digest: str) -> dict[str, Any]:
    return {
        "type": kind,
        "filename": path,
        "hashed_secret": digest,
        "is_verified": False,
        "line_number": line,
    }


def secret_type(detector: str) -> str:
    """The name of the plugin's type that finds the same; `Secret Keyword` for what none does."""
    family = next((kind for start, kind in _FAMILIES.items() if detector.startswith(start)), None)
    return _TYPES.get(detector) or family or foreign.type_of(detector) or "Secret Keyword"


def _settings() -> dict[str, Any]:
    """The plugins and filters of the library's defaults, as it writes them itself."""
    library = import_module("detect_secrets.settings")
    with library.default_settings() as settings:
        return dict(settings.json())
