"""The credentials of one source while it is read: found once, and again when they end."""

import threading

from keyproof.errors import AccessDeniedError
from keyproof.kubernetes.config import KubernetesConfig
from keyproof.kubernetes.kubeconfig import ClusterAccess, find_access
from keyproof.ports import Surroundings


class Credentials:
    """Shared by all scopes of a source, and by threads: none asks a program again that another has just asked."""

    def __init__(self, config: KubernetesConfig, surroundings: Surroundings) -> None:
        self._config, self._surroundings = config, surroundings
        self._lock = threading.Lock()
        self._access: ClusterAccess | None = None
        self._ends = False
        """Whether what was found had still to end when it was found: else each request would ask again."""

    def current(self, scope: str) -> ClusterAccess:
        """The access in force; found anew once it has ended by its own word. Raises CollectError."""
        with self._lock:
            if self._access is None or (self._ends and self._over(self._access)):
                return self._find(scope)
            return self._access

    def after(self, refused: ClusterAccess, scope: str) -> ClusterAccess:
        """The access in force now that the server refused one. Raises CollectError."""
        with self._lock:
            return self._find(scope) if self._access is refused or self._access is None else self._access

    def _find(self, scope: str) -> ClusterAccess:
        here = self._surroundings
        found = find_access(self._config, here.environ, root=here.root, scope=scope)
        if self._access is not None and found.server != self._access.server:
            what = f"{found.origin} names another server since this run began"
            raise AccessDeniedError(what, scope=scope, hint="run keyproof again")
        self._access, self._ends = found, not self._over(found)
        return found

    def _over(self, access: ClusterAccess) -> bool:
        return access.ends is not None and access.ends <= self._surroundings.clock.now()
