"""Where a token comes from: the environment, the file the command line tools write, or a login."""

from collections.abc import Mapping
from pathlib import Path

from keyproof.vault.config import AuthConfig


def found_token(environ: Mapping[str, str]) -> str:
    """The token of the environment, else of ~/.vault-token; empty when there is none."""
    token = first(environ, "BAO_TOKEN", "VAULT_TOKEN").strip()
    home = environ.get("HOME", "")
    return token or (_text(Path(home) / ".vault-token") if home else "")


def first(environ: Mapping[str, str], *names: str) -> str:
    """The first of the variables that is set; OpenBao's own names go before Vault's, as in OpenBao itself."""
    return next((environ[name] for name in names if environ.get(name)), "")


def login_request(auth: AuthConfig, environ: Mapping[str, str], root: Path) -> tuple[str, dict[str, str]]:
    """Path and body of the login; relative files start at `root`."""
    path = f"auth/{(auth.mount or auth.method).strip('/')}/login"
    match auth.method:
        case "approle":
            secret_id = environ.get(auth.secret_id_env, "").strip()
            return path, {"role_id": auth.role_id, "secret_id": secret_id}
        case "kubernetes":
            return path, {"role": auth.role, "jwt": _text(root / auth.jwt_file)}
        case "jwt":
            return path, {"role": auth.role, "jwt": environ.get(auth.jwt_env, "").strip()}


def sendable(token: str) -> bool:
    """Whether a header can carry the token: what it cannot would stand in the HTTP library's error message."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""
