"""Writes what was found as a `.secrets.baseline`, for a team that still audits with detect-secrets."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from keyproof.leaks.blob import Match
from keyproof.leaks.detection import foreign

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


def render(found: Mapping[str, Sequence[Match]], *, at: datetime) -> str:
    """A baseline of detect-secrets' own form, sorted, of the matches by path.

    It holds unsalted SHA-1 digests, because that is what the tool compares: a weak password can be guessed from
    one, so the file is as confidential as detect-secrets' own.
    """
    results = {
        path: [_entry(path, match) for match in sorted(matches, key=lambda one: (one.line, one.column))]
        for path, matches in sorted(found.items())
        if matches
    }
    written = {
        "version": foreign.installed_version(),
        **_settings(),
        "results": results,
        "generated_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json.dumps(written, indent=2) + "\n"


def _entry(path: str, match: Match) -> dict[str, Any]:
    return {
        "type": secret_type(match.detector),
        "filename": path,
        "hashed_secret": hashlib.sha1(match.secret, usedforsecurity=False).hexdigest(),
        "is_verified": False,
        "line_number": match.line,
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
