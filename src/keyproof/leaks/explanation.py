"""Why a line is told as a leak or is not: what each detector made of it, in words that hold no value."""

from collections.abc import Iterator
from dataclasses import dataclass

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.blob import Match
from keyproof.leaks.detection import generic, model
from keyproof.leaks.detection.decoders import text as decoded
from keyproof.leaks.detection.detector import DetectorKind
from keyproof.leaks.detection.scanner import Judgement, Scanner
from keyproof.leaks.place import Place
from keyproof.leaks.seal import Judge

_UNCHOSEN = "a more specific detector finds it, or a longer match of this one holds it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What one detector says of one value, with nothing of the value but its place and length."""

    detector: str
    title: str
    column: int
    """1-based, in characters."""
    length: int
    """Characters."""
    confidence: LeakConfidence | None
    """What it is told as; None when it is not told."""
    reasons: tuple[str, ...]
    """In the order in which they were weighed."""
    probability: float | None = None
    """What the model gives a value known by its name alone."""
    weights: tuple[tuple[str, float], ...] = ()
    """What moved the model most, in log odds: positive speaks for a secret."""
    accepted: str = ""
    """The marker or baseline that accepts it."""
    advice: str = ""


def explain(place: Place, scanner: Scanner, judge: Judge) -> tuple[Explanation, ...]:
    """Every value on the line that has a detector's form, told or not, in the order of the text."""
    line_start = _start(place)
    told = {
        (match.detector, match.column): match
        for match in scanner.scan(place.text)
        if match.line <= place.line <= match.end_line
    }
    found = [
        _explained(judgement, place, line_start, told.pop(_key(judgement, place, line_start), None), judge)
        for judgement in scanner.judgements(place.text)
        if _on_line(judgement, place, line_start)
    ]
    found += [
        _elsewhere(match, place, scanner, judge)
        for match in told.values()
        if match.chain or scanner.detectors[match.detector].kind is DetectorKind.FOREIGN
    ]
    return tuple(sorted(set(found), key=lambda one: (one.column, one.confidence is None, one.detector)))


def _start(place: Place) -> int:
    at = 0
    for _ in range(place.line - 1):
        at = place.text.index(b"\n", at) + 1
    return at


def _on_line(judgement: Judgement, place: Place, line_start: int) -> bool:
    """Whether its match touches the line."""
    newline = place.text.find(b"\n", line_start)
    end = newline if newline >= 0 else len(place.text)
    return judgement.found.start() <= end and judgement.found.end() > line_start


def _key(judgement: Judgement, place: Place, line_start: int) -> tuple[str, int]:
    """Detector and column of the match it would become."""
    start = judgement.found.start() if judgement.detector.armoured else judgement.start
    own_line = place.text.rfind(b"\n", 0, start) + 1 if start < line_start else line_start
    return judgement.detector.id, len(decoded(place.text[own_line:start])) + 1


def _explained(
    judgement: Judgement, place: Place, line_start: int, match: Match | None, judge: Judge
) -> Explanation:
    detector = judgement.detector
    confidence, accepted, reasons = None, None, [judgement.why]
    if match:
        confidence, accepted = judge(match, (place.path,))
        reasons += _lowered(match, confidence)
    elif judgement.confidence:
        reasons.append(_UNCHOSEN)
    probability, weights = _by_model(judgement)
    return Explanation(
        detector=detector.id,
        title=detector.title,
        column=_key(judgement, place, line_start)[1],
        length=len(decoded(judgement.secret)),
        confidence=confidence,
        reasons=tuple(reasons),
        probability=probability,
        weights=weights,
        accepted=accepted or "",
        advice=detector.advice if confidence else "",
    )


def _by_model(judgement: Judgement) -> tuple[float | None, tuple[tuple[str, float], ...]]:
    if judgement.detector.kind is not DetectorKind.GENERIC:
        return None, ()
    assignment = generic.assignment(judgement.found)
    probability = generic.weighed(assignment)
    return probability, model.load().reasons(assignment) if probability is not None else ()


def _elsewhere(match: Match, place: Place, scanner: Scanner, judge: Judge) -> Explanation:
    """A secret in a part of the line that is written in another encoding, or that another tool's plugin finds."""
    how = (
        f"it stands in what is written as {', '.join(match.chain)}"
        if match.chain
        else "another tool's plugin finds it"
    )
    confidence, accepted = judge(match, (place.path,))
    detector = scanner.detectors[match.detector]
    return Explanation(
        detector=detector.id,
        title=detector.title,
        column=match.column,
        length=len(match.secret.decode("utf-8", "replace")),
        confidence=confidence,
        reasons=(how, *_lowered(match, confidence)),
        accepted=accepted or "",
        advice=detector.advice,
    )


def _lowered(match: Match, confidence: LeakConfidence) -> Iterator[str]:
    if confidence is not match.confidence:
        yield f"the path lowers it from {match.confidence}: tests, documentation, lock files and code hold many such values"
