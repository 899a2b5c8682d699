"""Which leaks fail a run that has no policy."""

from keyproof.domain.leak import Leak, LeakConfidence


def confidences(*, possible: bool = False) -> frozenset[LeakConfidence]:
    """The confidences that fail: proven and likely, and `possible` where asked for."""
    certain = {LeakConfidence.PROVEN, LeakConfidence.LIKELY}
    return frozenset(certain | {LeakConfidence.POSSIBLE} if possible else certain)


def gates(leak: Leak, failing: frozenset[LeakConfidence]) -> bool:
    """Whether a leak fails the run: of a failing confidence, and accepted by nothing."""
    return leak.confidence in failing and leak.allowed is None
