"""Runs units of work on a Dask cluster: one of the organisation's, or processes of this machine.

Which cluster is Dask's own setting: `DASK_SCHEDULER_ADDRESS` or `scheduler-address` in its configuration
(https://docs.dask.org/en/stable/configuration.html); without it a cluster is started here and stopped at the end.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from typing import Any, Self, TypeVar

from keyproof.errors import CollectError, ConfigError

T = TypeVar("T")
R = TypeVar("R")
_THREADS = 8
"""Units at a time in one process of a cluster started here: they wait for networks."""


class DaskExecutor:
    """Units, functions and results travel pickled, so they hold no credentials; a block ends what it started."""

    def __init__(self, jobs: int) -> None:
        self.jobs = max(1, jobs)
        self._client: Any = None

    def __enter__(self) -> Self:
        """Connect, or start a cluster. Raises ConfigError without the library or a scheduler that answers."""
        try:
            import dask  # noqa: PLC0415 (an extra)
            import distributed  # noqa: PLC0415
        except ImportError:
            hint = 'run: pip install "keyproof[dask]"'
            raise ConfigError("--executor dask: the 'dask' extra is not installed", hint=hint) from None
        library: Any = distributed
        address = dask.config.get("scheduler-address", None)
        try:
            self._client = library.Client(address) if address else library.Client(**self._here())
        except (
            OSError,
            TypeError,
            ValueError,
        ) as cause:  # an address that is none, TLS without its certificate
            if not address:
                raise ConfigError(
                    f"--executor dask: no cluster can be started here: {cause}", hint="leave --executor out"
                ) from None
            hint = "check DASK_SCHEDULER_ADDRESS, or unset it to use processes of this machine"
            raise ConfigError(
                f"--executor dask: no scheduler answers at {address}: {cause}", hint=hint
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _here(self) -> dict[str, Any]:
        processes = -(-self.jobs // _THREADS)
        return {
            "n_workers": processes,
            "threads_per_worker": min(self.jobs, _THREADS),
            "dashboard_address": None,
            "silence_logs": 50,
        }

    def map_unordered(self, function: Callable[[T], R], units: Iterable[T]) -> Iterator[R]:
        """See ports.Executor. Raises CollectError when a unit ends its worker again and again, or the scheduler ends."""
        import distributed  # noqa: PLC0415

        library: Any = distributed
        futures = self._client.map(function, list(units), pure=False)
        try:
            for future in library.as_completed(futures):
                yield future.result()
        except library.KilledWorker as cause:
            hint = "look at the workers' logs; they may lack memory"
            raise CollectError(f"workers ended while they read: {cause}", scope="dask", hint=hint) from None
        except CancelledError as cause:
            hint = "look at the scheduler's log, then run again"
            raise CollectError(f"the scheduler ended: {cause}", scope="dask", hint=hint) from None
        finally:
            self._client.cancel(futures)
