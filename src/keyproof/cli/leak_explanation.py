"""What `keyproof leaks --explain` prints."""

from collections.abc import Iterator, Sequence

from keyproof.leaks.explanation import Explanation
from keyproof.report.visible import visible


def lines(place: str, found: Sequence[Explanation]) -> Iterator[str]:
    """The explanations of one place; values are never among them."""
    yield visible(place)
    if not found:
        yield "  Nothing on this line has the form of a secret that any detector knows."
    for one in found:
        yield f"  {one.detector}: {one.confidence or 'not told'}"
        yield f"    {one.title}, column {one.column}, {one.length} characters."
        yield from (f"    {reason[:1].upper()}{reason[1:]}." for reason in one.reasons)
        if one.probability is not None:
            moved = ", ".join(f"{name} {weight:+.2f}" for name, weight in one.weights)
            yield f"    The model gives it {one.probability:.2f}; what moved it most, in log odds: {moved}."
        if one.accepted:
            yield f"    Accepted by {one.accepted}."
        if one.advice:
            yield f"    {one.advice}"
