"""Credentials from a program that a kubeconfig names; run only where keyproof.yaml allows it."""

import json
import os
import subprocess  # noqa: TID251 (an exec plugin is a program by definition, and off unless allowed)
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from keyproof.errors import AccessDeniedError
from keyproof.kubernetes.secret import moment

_PATIENCE = 60.0
"""Seconds the program may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCredentials:
    """What the program handed over."""

    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    ends: datetime | None = None
    """When to ask for others; None where it does not say."""


def run_plugin(
    plugin: Mapping[str, Any], *, folder: Path, environ: Mapping[str, str], scope: str
) -> PluginCredentials:
    """Run the program of `users[].user.exec`; a path with a slash starts at `folder`. Raises AccessDeniedError.

    The protocol is that of https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
    """
    version = str(plugin.get("apiVersion") or "client.authentication.k8s.io/v1")
    command = str(plugin.get("command") or "")
    program = str(folder / command) if os.sep in command else command
    ask = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    added = {str(item.get("name")): str(item.get("value")) for item in plugin.get("env") or ()}
    try:
        done = subprocess.run(  # noqa: S603 (the user allowed this program)
            [program, *map(str, plugin.get("args") or ())],
            env={**environ, **added, "KUBERNETES_EXEC_INFO": json.dumps(ask)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what it says there may hold credentials
            timeout=_PATIENCE,
            check=True,
        )
        status = json.loads(done.stdout).get("status") or {}
    except (OSError, subprocess.SubprocessError, ValueError, AttributeError) as error:
        why = _why(error)
        hint = f"run {command!r} yourself to see what it says"
        message = f"the program {command!r} of the kubeconfig gives no credentials: {why}"
        raise AccessDeniedError(message, scope=scope, hint=hint) from None
    return PluginCredentials(
        token=str(status.get("token") or ""),
        certificate=str(status.get("clientCertificateData") or ""),
        key=str(status.get("clientKeyData") or ""),
        ends=moment(status.get("expirationTimestamp")),
    )


def _why(error: Exception) -> str:
    match error:
        case OSError():
            return error.strerror or "it cannot be run"
        case subprocess.CalledProcessError():
            return f"it ended with {error.returncode}"
        case subprocess.TimeoutExpired():
            return f"it did not end within {_PATIENCE:g} seconds"
        case _:
            return "its answer is no ExecCredential"
