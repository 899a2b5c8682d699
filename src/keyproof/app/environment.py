"""Which environment a secret belongs to, when its source does not say or says it in words of its own."""

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from keyproof.domain.secret import SecretMetadata


def placed(secret: SecretMetadata, environments: Mapping[str, tuple[str, ...]]) -> SecretMetadata:
    """The secret in its environment: as its source states it, else by the globs of `environments`."""
    if secret.environment:
        return replace(secret, environment=_canonical(secret.environment, environments))
    for environment, globs in environments.items():
        if any(fnmatchcase(text, glob) for glob in globs for text in (secret.name, secret.id)):
            return replace(secret, environment=environment)
    return secret


def _canonical(stated: str, environments: Mapping[str, tuple[str, ...]]) -> str:
    """`prod` is `production` when keyproof.yaml knows only the latter: words of the field, not of a source."""
    word = stated.strip().lower()
    usual = {
        "prod": "production",
        "prd": "production",
        "stage": "staging",
        "stg": "staging",
        "dev": "development",
    }
    return word if word in environments else usual.get(word, word)
