"""Which leaks fail a run that has no policy."""

from keyproof.domain.leak import Leak, LeakConfidence

_GATED = frozenset({LeakConfidence.PROVEN, LeakConfidence.LIKELY})


def gates(leak: Leak, *, possible: bool = False) -> bool:
    """Whether a leak fails the run: proven or likely (or `possible` too), and accepted by nothing."""
    counted = leak.confidence in _GATED or (possible and leak.confidence is LeakConfidence.POSSIBLE)
    return counted and leak.allowed is None
