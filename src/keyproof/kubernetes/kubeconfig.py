"""Which API server to ask and as whom: a kubeconfig, or the service account of the pod keyproof runs in."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from keyproof.errors import CollectError
from keyproof.kubernetes.config import KubernetesConfig
from keyproof.kubernetes.exec_plugin import run_plugin
from keyproof.rest.config import checked_address
from keyproof.strict_yaml import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccess:
    """An API server and the credentials for it; none of them is shown by `repr`."""

    server: str
    """e.g. `https://10.0.0.1:6443`, without a slash at its end."""
    authorities: str = field(default="", repr=False)
    """PEM; empty for the well-known ones."""
    verified: bool = True
    """False where the kubeconfig switches the check of the server's certificate off."""
    server_name: str = ""
    """The name the server's certificate has to show where it is not the host."""
    token: str = field(default="", repr=False)
    basic: str = field(default="", repr=False)
    """NAME:PASSWORD."""
    certificate: str = field(default="", repr=False)
    """PEM of the client's certificate chain."""
    key: str = field(default="", repr=False)
    """PEM of its private key."""
    proxy: str = ""
    """`http://HOST:PORT`; empty takes the environment's."""
    renewable: bool = False
    """Whether to find it again may give other credentials: those of files that others write, and of programs."""
    ends: datetime | None = None
    """When the credentials end, where that is stated."""
    origin: str = ""
    """Where this was found, e.g. `context prod of /home/ana/.kube/config`."""


def find_access(
    config: KubernetesConfig, environ: Mapping[str, str], *, root: Path, scope: str
) -> ClusterAccess:
    """The access that `config` and the environment lead to, as kubectl finds it. Raises CollectError."""
    files = _kubeconfigs(config, environ, root)
    if files:
        return _Kubeconfig(files, config, environ, scope).access()
    folder = Path(config.service_account)
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        hint = "set kubeconfig in keyproof.yaml, or export KUBECONFIG"
        raise CollectError("there is no kubeconfig, and this runs in no pod", scope=scope, hint=hint)
    bracketed = f"[{host}]" if ":" in host else host
    return ClusterAccess(
        server=f"https://{bracketed}:{port}",
        authorities=_text(folder / "ca.crt", scope),
        token=_text(folder / "token", scope).strip(),
        renewable=True,  # the kubelet writes a new one before the old one ends
        origin=f"service account of the pod ({folder})",
    )


def _kubeconfigs(config: KubernetesConfig, environ: Mapping[str, str], root: Path) -> list[Path]:
    if config.kubeconfig:
        return [root / Path(config.kubeconfig).expanduser()]
    named = [Path(part) for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if named:
        return named
    usual = Path(environ["HOME"]) / ".kube" / "config" if environ.get("HOME") else None
    return [usual] if usual and usual.is_file() else []


class _Kubeconfig:
    """Several files read as one: the first to set a thing wins (kubernetes.io, organize-cluster-access-kubeconfig)."""

    def __init__(
        self, files: list[Path], config: KubernetesConfig, environ: Mapping[str, str], scope: str
    ) -> None:
        self._config, self._environ, self._scope = config, environ, scope
        self._entries: dict[str, dict[str, tuple[Path, Mapping[str, Any]]]] = {
            kind: {} for kind in ("clusters", "users", "contexts")
        }
        self._current = ""
        self._shown = os.pathsep.join(map(str, files))
        present = [path for path in files if path.is_file()]
        if not present:
            raise self._wrong("does not exist")
        for path in present:
            self._merge(path)

    def access(self) -> ClusterAccess:
        name = self._config.context or self._current
        if not name:
            raise self._wrong("names no current context", "set context in keyproof.yaml")
        _, context = self._entry("contexts", name)
        folder, cluster = self._entry("clusters", str(context.get("cluster", "")))
        try:
            server = checked_address(str(cluster.get("server", "")))
        except ValueError:
            raise self._wrong(f"has no address of a server in context {name}") from None
        access = ClusterAccess(
            server=server,
            authorities=self._pem(cluster, "certificate-authority", folder),
            verified=not cluster.get("insecure-skip-tls-verify"),
            server_name=str(cluster.get("tls-server-name") or ""),
            proxy=self._proxy(cluster),
            origin=f"context {name} of {self._shown}",
        )
        if not context.get("user"):
            return access
        folder, user = self._entry("users", str(context["user"]))
        return self._with_user(access, user, folder)

    def _proxy(self, cluster: Mapping[str, Any]) -> str:
        proxy = str(cluster.get("proxy-url") or "")
        if proxy and not proxy.startswith("http://"):
            raise self._wrong("names a proxy that is not of the form http://HOST:PORT")
        return proxy

    def _with_user(self, access: ClusterAccess, user: Mapping[str, Any], folder: Path) -> ClusterAccess:
        if user.get("as") or user.get("as-groups") or user.get("as-uid"):
            raise self._wrong(
                "acts as another user, which is not supported", "use that user's own credentials"
            )
        if plugin := user.get("exec"):
            if not self._config.allow_exec:
                raise self._wrong(
                    f"gets credentials from the program {str(plugin.get('command'))!r}, which is not run",
                    "set allow-exec: true if you trust it, or use a kubeconfig with a token",
                )
            got = run_plugin(plugin, folder=folder, environ=self._environ, scope=self._scope)
            access = replace(access, token=got.token, certificate=got.certificate, key=got.key)
            return replace(access, renewable=True, ends=got.ends)
        if provider := user.get("auth-provider"):
            name = str(provider.get("name")) if isinstance(provider, Mapping) else "unknown"
            hint = "use an exec plugin, a token or a client certificate"
            raise self._wrong(f"uses the auth provider {name!r}, which Kubernetes has removed", hint)
        token = str(user.get("token") or "")
        if user.get("tokenFile"):
            token = _text(folder / str(user["tokenFile"]), self._scope).strip()
        basic = f"{user['username']}:{user.get('password', '')}" if user.get("username") else ""
        return replace(
            access,
            token=token,
            renewable=bool(user.get("tokenFile")),
            basic=basic,
            certificate=self._pem(user, "client-certificate", folder),
            key=self._pem(user, "client-key", folder),
        )

    def _merge(self, path: Path) -> None:
        try:
            found = yaml.safe_load(_text(path, self._scope))
        except yaml.YAMLError:  # its message would show the line, which may hold a token
            raise self._wrong(f"is no YAML ({path})") from None
        if not isinstance(found, Mapping):
            raise self._wrong(f"is no kubeconfig ({path})")
        self._current = self._current or str(found.get("current-context") or "")
        for kind, singular in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
            for entry in found.get(kind) or ():
                if isinstance(entry, Mapping) and isinstance(entry.get(singular), Mapping):
                    self._entries[kind].setdefault(str(entry.get("name")), (path.parent, entry[singular]))

    def _entry(self, kind: str, name: str) -> tuple[Path, Mapping[str, Any]]:
        found = self._entries[kind].get(name)
        if found is None:
            hint = did_you_mean(name, sorted(self._entries[kind]))
            raise self._wrong(f"has no {kind.rstrip('s')} {name!r}", hint)
        return found

    def _pem(self, entry: Mapping[str, Any], key: str, folder: Path) -> str:
        if data := entry.get(f"{key}-data"):
            try:
                return base64.b64decode(str(data), validate=True).decode("ascii")
            except (binascii.Error, UnicodeDecodeError):
                raise self._wrong(f"has a {key}-data that is not base64 of PEM") from None
        return _text(folder / str(entry[key]), self._scope) if entry.get(key) else ""

    def _wrong(self, what: str, hint: str = "") -> CollectError:
        message = f"the kubeconfig {self._shown} {what}"
        return CollectError(message, scope=self._scope, hint=hint or "correct it, or set kubeconfig")


def _text(path: Path, scope: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CollectError(f"{path} cannot be read: {why}", scope=scope, hint="correct the path") from None
