"""Finds secrets in one text: prefilters over every byte, each detector's own judgement on the hits."""

import hashlib
import re
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.blob import Match
from keyproof.leaks.detection import decoders
from keyproof.leaks.detection.detector import Detector, DetectorKind, anchors
from keyproof.leaks.detection.engine import Engine
from keyproof.leaks.detection.placeholders import entropy, is_filler, is_placeholder, is_wordy
from keyproof.leaks.detection.proofs import PROOFS, armoured_body, is_sample

if TYPE_CHECKING:
    from keyproof.leaks.decoding.encoded import Run

_KIND_RANK = {
    DetectorKind.PROVIDER: 3,
    DetectorKind.FORMAT: 2,
    DetectorKind.GENERIC: 1,
    DetectorKind.FOREIGN: 0,
}
_SUREST_FIRST = tuple(LeakConfidence)
_MARKS = (b"\xff", b"\xfe")
"""First bytes of marked UTF-16 and UTF-32."""
_LINE_ENDS = (b"\n", b"")
_LONGEST_KEPT = 1024
"""Bytes of a line whose matches are remembered, and how many such lines."""
_MOST_KEPT = 1 << 14
_MARKER_REACH = 2048
"""Bytes around a match in which an inline marker counts; only lines of machine output are longer."""
_MOST_LAYERS = 3
"""Encodings within encodings."""
_EXAMPLE_HOST = re.compile(
    rb"""(?i)(?:.*\.)?(?:example\.(?:com|org|net|edu)|example|test|invalid)|.*example.*|(?:your|my|some)[-_.]?\w*
    |host(?:name)?|server|database|db[-_.]?host|x{3,}[\w.]*|foo(?:bar)?(?:\.\w+)?|(?:evil|acme|domain)(?:\.(?:com|org|net|tld))?""",
    re.VERBOSE,
)
"""Reserved names (RFC 2606) and words that stand for a name."""
_FILLED_IN = (b"%", b"{", b"$")
"""First characters of the place where a template puts a server's name."""
_LONG_ARMOURED, _LEAST_ARMOURED = 200, 4.5
"""Characters of Base64 that hold words by chance, and the bits each has in a key."""
_LOCAL_HOST = re.compile(
    rb"(?i)(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|.*\.(?:local|localhost))(?::\d+)?"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Candidate:
    detector: Detector
    start: int
    end: int
    secret: bytes
    confidence: LeakConfidence

    @property
    def rank(self) -> tuple[bool, int, int, str]:
        """Of two that overlap the higher is kept: proof, kind, length, then a fixed order."""
        proven = self.confidence is LeakConfidence.PROVEN
        return proven, _KIND_RANK[self.detector.kind], self.end - self.start, self.detector.id


_Judged = tuple[int, int, bytes, LeakConfidence]
"""Start, end, secret and confidence of a match that is one."""
_BY_FORM = "it has the form, and nothing proves or lowers it"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Judgement:
    """What a detector says of one place that has its form, told or not; holds plaintext."""

    detector: Detector
    found: re.Match[bytes]
    start: int
    """Offset in the decoded text."""
    secret: bytes
    confidence: LeakConfidence | None
    """None when it is no secret."""
    why: str
    """In words, without the value."""


class Scanner:
    """All detectors over one engine. Not for several threads at once; give each process its own."""

    def __init__(self, detectors: Sequence[Detector], engine: Engine, *, digest: str) -> None:
        self.detectors: Mapping[str, Detector] = {detector.id: detector for detector in detectors}
        self.digest = digest
        """Changes whenever the same text could give another result: part of the key of any cache."""
        self.longest = max((one.width for one in detectors if not one.multiline), default=0)
        """No match within one line is longer than so many bytes."""
        found = anchors(detectors)
        self._reaches = tuple(anchor.width for anchor in found if anchor.text)
        """Of the anchors, whose prefilters follow those of the detectors."""
        self._least_reach = max((anchor.width for anchor in found if not anchor.text), default=0)
        self._order = tuple(detectors)
        self._encoded_from = len(self._order) + len(self._reaches)
        self._engine = engine
        self._patterns: dict[str, re.Pattern[bytes]] = {}
        self._lines: dict[tuple[str, bytes], list[_Judged]] = {}

    def scan(self, content: bytes) -> tuple[Match, ...]:
        """Every secret in `content`, once each, in the order of the text; UTF-16 and UTF-32 are decoded first.

        Lines end with a line feed. Columns count characters of UTF-8, or of Latin-1 in a line that is not.
        What stands in a line in another encoding has the place of the run that encodes it.
        """
        text = decoders.to_utf8(content)
        return self._matches(text, self._ends(text), 0)

    def look(self, content: bytes) -> tuple[tuple[Match, ...], int]:
        """The same, and how far from here a match over several lines may reach, in bytes; 0 when there can be none."""
        text = decoders.to_utf8(content)
        ends = self._ends(text)
        reach = self._least_reach
        for index in ends:
            if len(self._order) <= index < self._encoded_from:
                reach = max(reach, self._reaches[index - len(self._order)])
        return self._matches(text, ends, 0), reach

    def quiet(self, content: bytes) -> bool:
        """Whether no part of `content` can hold a match; False says nothing."""
        return b"\0" not in content and content[:1] not in _MARKS and not self._engine.hits(content)

    def judgements(self, text: bytes) -> Iterator[Judgement]:
        """What every detector of ours says of every place in the decoded `text` that has its form."""
        for index, ends in self._ends(text).items():
            detector = self._order[index] if index < len(self._order) else None
            if detector is None or detector.kind is DetectorKind.FOREIGN:
                continue
            pattern = re.compile(detector.pattern.encode())
            group = "secret" if "secret" in pattern.groupindex else 0
            for low, high in _windows(detector, text, ends):
                for found in _finds(detector, pattern, text, low, high):
                    confidence, why = _judge(detector, found, found[group])
                    yield Judgement(
                        detector=detector,
                        found=found,
                        start=found.start(group),
                        secret=found[group],
                        confidence=confidence,
                        why=why,
                    )

    def _ends(self, text: bytes) -> dict[int, list[int]]:
        ends: dict[int, list[int]] = {}
        for index, end in self._engine.hits(text):
            ends.setdefault(index, []).append(end)
        return ends

    def _matches(self, text: bytes, ends: dict[int, list[int]], layer: int) -> tuple[Match, ...]:
        if not ends:
            return ()
        candidates = [
            candidate
            for index, places in ends.items()
            if index < len(self._order)
            for candidate in self._candidates(self._order[index], text, places)
        ]
        chosen = _most_specific(candidates)
        hits = [
            (index - self._encoded_from, end)
            for index in ends
            if index >= self._encoded_from
            for end in ends[index]
        ]
        if not hits or layer == _MOST_LAYERS:
            return tuple(_matches(chosen, text))
        return self._with_encoded(text, chosen, hits, layer)

    def _with_encoded(
        self, text: bytes, chosen: list[_Candidate], hits: list[tuple[int, int]], layer: int
    ) -> tuple[Match, ...]:
        """Of a run that is a secret by its form and what it encodes, the surer is told; what is more than the run stays."""
        from keyproof.leaks.decoding.encoded import runs  # noqa: PLC0415 (few texts hold any)

        inner: list[Match] = []
        for run in runs(text, hits):
            found = self._matches(run.content, self._ends(run.content), layer + 1)
            over = [one for one in chosen if one.start < run.end and run.start < one.end]
            if found and run.encoding != "percent":
                surest = min(_SUREST_FIRST.index(match.confidence) for match in found)
                if any(_tells(one) and _SUREST_FIRST.index(one.confidence) <= surest for one in over):
                    continue
                chosen = [one for one in chosen if one not in over or _holds(one, run)]
            known = {one.secret for one in over}
            inner += [_at_run(match, text, run) for match in found if match.secret not in known]
        matches = [*_matches(chosen, text), *inner]
        return tuple(sorted(matches, key=lambda one: (one.line, one.column, one.detector)))

    def _candidates(self, detector: Detector, text: bytes, ends: list[int]) -> Iterator[_Candidate]:
        if detector.kind is DetectorKind.FOREIGN:
            yield from _foreign_candidates(detector, text, ends)
            return
        pattern = self._patterns.get(detector.id)
        if pattern is None:
            pattern = self._patterns[detector.id] = re.compile(detector.pattern.encode())
        for low, high in _windows(detector, text, ends):
            for start, end, secret, confidence in self._judged(detector, pattern, text, low, high):
                yield _Candidate(
                    detector=detector, start=start, end=end, secret=secret, confidence=confidence
                )

    def _judged(
        self, detector: Detector, pattern: re.Pattern[bytes], text: bytes, low: int, high: int
    ) -> Iterator[_Judged]:
        """The matches in one stretch; a whole line is judged once, since the versions of a file share most of theirs."""
        is_line = text[low - 1 : low] in _LINE_ENDS and text[high : high + 1] in _LINE_ENDS
        if detector.multiline or not is_line or high - low > _LONGEST_KEPT:
            yield from _judgements(detector, pattern, text, low, high)
            return
        key = detector.id, text[low:high]
        kept = self._lines.get(key)
        if kept is None:
            if len(self._lines) >= _MOST_KEPT:
                self._lines.clear()
            kept = self._lines[key] = [
                (start - low, end - low, secret, confidence)
                for start, end, secret, confidence in _judgements(detector, pattern, text, low, high)
            ]
        for start, end, secret, confidence in kept:
            yield low + start, low + end, secret, confidence


def _judgements(
    detector: Detector, pattern: re.Pattern[bytes], text: bytes, low: int, high: int
) -> Iterator[_Judged]:
    for found in _finds(detector, pattern, text, low, high):
        group = "secret" if "secret" in pattern.groupindex else 0
        secret = found[group]
        confidence, _ = _judge(detector, found, secret)
        if confidence is not None:
            yield *found.span(0 if detector.armoured else group), secret, confidence


def _finds(
    detector: Detector, pattern: re.Pattern[bytes], text: bytes, low: int, high: int
) -> Iterator[re.Match[bytes]]:
    """All matches; of a generic detector also those that begin within the value of another."""
    if detector.kind is not DetectorKind.GENERIC:
        yield from pattern.finditer(text, low, high)
        return
    found = pattern.search(text, low, high)
    while found:
        yield found
        found = pattern.search(text, found.start("secret"), high)


def proposals(text: bytes, detectors: Sequence[Detector], engine: Engine) -> Iterator[re.Match[bytes]]:
    """What the patterns of generic detectors match in `text`, unjudged: to learn from."""
    ends: dict[int, list[int]] = {}
    for index, end in engine.hits(text):
        ends.setdefault(index, []).append(end)
    for index, places in ends.items():
        pattern = re.compile(detectors[index].pattern.encode())
        for low, high in _windows(detectors[index], text, places):
            yield from _finds(detectors[index], pattern, text, low, high)


def _foreign_candidates(detector: Detector, text: bytes, ends: list[int]) -> Iterator[_Candidate]:
    from keyproof.leaks.detection import foreign  # noqa: PLC0415 (only where it was asked for)

    for low, high in _windows(detector, text, ends):
        for value in foreign.secrets_in(detector.id, decoders.text(text[low:high])):
            secret = value.encode()
            start = text.find(secret, low, high)
            if start >= 0:
                confidence = LeakConfidence.EXAMPLE if is_placeholder(secret) else detector.confidence
                yield _Candidate(
                    detector=detector,
                    start=start,
                    end=start + len(secret),
                    secret=secret,
                    confidence=confidence,
                )


def _windows(detector: Detector, text: bytes, ends: list[int]) -> Iterator[tuple[int, int]]:
    """The stretches a match behind these hits can lie in: no longer than it needs, within the line."""
    low = high = -1
    for end in sorted(set(ends)):
        start, stop = max(0, end - detector.width), min(len(text), end + detector.width)
        if not detector.multiline:
            start = text.rfind(b"\n", start, end) + 1 or start
            newline = text.find(b"\n", max(start, end - 1), stop)
            stop = stop if newline < 0 else newline
        if start <= high:
            high = max(high, stop)
            continue
        if high >= 0:
            yield low, high
        low, high = start, stop
    if high >= 0:
        yield low, high


_Verdict = tuple[LeakConfidence | None, str]
"""The confidence of a match, None when it is no secret after all, and why, in words without the value."""


def _judge(detector: Detector, found: re.Match[bytes], secret: bytes) -> _Verdict:
    """What the match of the detector's pattern is worth."""
    if known := _known(detector, secret):
        return known
    match detector.kind:
        case DetectorKind.GENERIC:
            from keyproof.leaks.detection import generic  # noqa: PLC0415 (few commits hold a value to judge)

            return generic.judge(generic.assignment(found))
        case DetectorKind.FORMAT:
            return _judge_format(detector, found, secret)
        case _:
            if is_placeholder(secret) or entropy(secret) < detector.entropy:
                return LeakConfidence.EXAMPLE, "it is a placeholder, or too regular to be made by chance"
            return detector.confidence, _BY_FORM


def _known(detector: Detector, secret: bytes) -> _Verdict | None:
    """What a list or a proof settles; None when they leave it open."""
    if detector.documented and hashlib.sha256(secret).hexdigest()[:16] in detector.documented:
        return LeakConfidence.EXAMPLE, "the provider itself published it as an example"
    if detector.proof and PROOFS[detector.proof](secret):
        if is_sample(detector.proof, secret):
            return LeakConfidence.EXAMPLE, f"it is a well-known sample (proof {detector.proof})"
        return LeakConfidence.PROVEN, f"its checksum or structure proves it (proof {detector.proof})"
    if detector.proof_required or (detector.unlike and re.search(detector.unlike.encode(), secret)):
        return None, f"it has the form, but is none (proof {detector.proof or 'of the rule'})"
    return None


def _judge_format(detector: Detector, found: re.Match[bytes], secret: bytes) -> _Verdict:
    """A value people choose is worth what it looks like, and what the server behind it is."""
    from keyproof.leaks.detection.references import is_reference  # noqa: PLC0415

    if is_reference(secret):
        return None, "it refers to a value that is kept elsewhere"
    host = _group(found, "host")
    if _is_made_up(detector, secret) or entropy(secret) < detector.entropy or secret == _group(found, "user"):
        return LeakConfidence.EXAMPLE, "it is a placeholder, too regular, or the name of the user"
    if host and _EXAMPLE_HOST.fullmatch(host.partition(b":")[0]):
        return LeakConfidence.EXAMPLE, "its server is an example"
    if is_wordy(secret) or (
        host and (secret.isalpha() or _LOCAL_HOST.fullmatch(host) or host[:1] in _FILLED_IN)
    ):
        return (
            LeakConfidence.POSSIBLE,
            "it is made of words, or its server is this machine or filled in later",
        )
    return detector.confidence, _BY_FORM


def _is_made_up(detector: Detector, secret: bytes) -> bool:
    """Whether a value is a placeholder; of a long armoured key its letters tell, not a word written beside them."""
    body = armoured_body(secret) if detector.armoured else b""
    return entropy(body) < _LEAST_ARMOURED if len(body) >= _LONG_ARMOURED else is_filler(secret)


def _group(found: re.Match[bytes], name: str) -> bytes | None:
    return found[name] if name in found.re.groupindex else None


def _most_specific(candidates: list[_Candidate]) -> list[_Candidate]:
    """Without those that overlap a more specific one, in the order of the text."""
    kept: list[tuple[int, int]] = []
    chosen: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda one: one.rank, reverse=True):
        at = bisect_left(kept, (candidate.start, candidate.end))
        before_clear = at == 0 or kept[at - 1][1] <= candidate.start
        after_clear = at == len(kept) or kept[at][0] >= candidate.end
        if before_clear and after_clear:
            insort(kept, (candidate.start, candidate.end))
            chosen.append(candidate)
    return sorted(chosen, key=lambda one: one.start)


def _matches(candidates: Sequence[_Candidate], text: bytes) -> Iterator[Match]:
    """Matches with their places, counted on from one to the next: a line may hold thousands."""
    line, line_start, column, counted = 1, 0, 1, 0
    for candidate in candidates:
        start, end = candidate.start, candidate.end
        newlines = text.count(b"\n", counted, start)
        if newlines:
            line += newlines
            line_start = counted = text.rfind(b"\n", counted, start) + 1
            column = 1
        column += len(decoders.text(text[counted:start]))
        counted = start
        secret = armoured_body(candidate.secret) if candidate.detector.armoured else candidate.secret
        yield Match(
            detector=candidate.detector.id,
            secret=decoders.text(secret or candidate.secret).encode(),
            line=line,
            column=column,
            end_line=line + text.count(b"\n", start, end),
            confidence=candidate.confidence,
            marker=_marker(text, line_start, start, end),
        )


def _tells(candidate: _Candidate) -> bool:
    """Whether it is known by a form, not by its name alone."""
    return _KIND_RANK[candidate.detector.kind] > _KIND_RANK[DetectorKind.GENERIC]


def _holds(candidate: _Candidate, run: "Run") -> bool:
    """Whether the run is only a part of it: one value of a manifest."""
    return candidate.start < run.start and run.end < candidate.end


def _at_run(match: Match, text: bytes, run: "Run") -> Match:
    """A match within what `run` encodes, at the place of the run."""
    line_start = text.rfind(b"\n", 0, run.start) + 1
    line = text.count(b"\n", 0, run.start) + 1
    return replace(
        match,
        line=line,
        column=len(decoders.text(text[line_start : run.start])) + 1,
        end_line=line,
        marker=match.marker or _marker(text, line_start, run.start, run.end),
        chain=(run.encoding, *match.chain),
    )


def _marker(text: bytes, line_start: int, start: int, end: int) -> str | None:
    """The allow marker on the lines of the match, or alone on the line before it."""
    from keyproof.leaks.detection import allow  # noqa: PLC0415 (most texts hold nothing that could be marked)

    low = max(line_start, start - _MARKER_REACH)
    newline = text.find(b"\n", end, end + _MARKER_REACH)
    high = newline if newline >= 0 else end + _MARKER_REACH
    previous_start = text.rfind(b"\n", 0, max(0, line_start - 1)) + 1
    previous = text[max(previous_start, line_start - _MARKER_REACH) : line_start]
    first = text[low : text.find(b"\n", start, end)] if b"\n" in text[start:end] else text[low:high]
    return allow.marker((first, text[end:high]), previous)
