"""Searches commit messages and annotated tags.

The same secret in many messages is one occurrence, told of the earliest commit; the line is that of the message.
Its path is the id of the commit or the name of the tag's ref, as `git show` takes them. It is in HEAD when the
commit is HEAD or an ancestor of it; nothing but rewriting history removes it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice

from keyproof.domain.leak import Occurrence
from keyproof.leaks.blob import Match
from keyproof.leaks.git.commits import Commit, CommitGraph, Tag, moment
from keyproof.leaks.sighting import Scan, Sighting, distinct

Secret = tuple[str, bytes]
"""Detector and secret."""
_BATCH = 16
"""Messages that are looked at together, since most hold nothing."""


@dataclass(slots=True)
class Messages:
    """The messages that were searched and hold secrets."""

    scan: Scan
    quiet: Callable[[bytes], bool]
    """Whether no part of a text can hold a match."""
    _in_commits: dict[Secret, list[tuple[str, Match]]] = field(default_factory=dict)
    _in_tags: dict[Secret, list[tuple[Tag, Match]]] = field(default_factory=dict)

    def search(self, commits: Iterable[Commit]) -> Iterator[Commit]:
        """Search each commit's message on its way through."""
        rest = iter(commits)
        while batch := list(islice(rest, _BATCH)):
            if not self.quiet(b"\n\n".join([commit.message for commit in batch])):
                for commit in batch:
                    for match in self.scan(commit.message):
                        secret = (match.detector, match.secret)
                        self._in_commits.setdefault(secret, []).append((commit.id, match))
            yield from batch

    def search_tag(self, tag: Tag) -> None:
        """Search the message of an annotated tag."""
        for match in self.scan(tag.message):
            self._in_tags.setdefault((match.detector, match.secret), []).append((tag, match))

    def sightings(
        self,
        graph: CommitGraph,
        *,
        history: AbstractSet[int],
        line: AbstractSet[int],
        refs: Mapping[str, str],
    ) -> Iterator[Sighting]:
        """One for each secret in commit messages, and one for each secret and tag.

        `history` are the reachable commits, `line` HEAD and its ancestors, `refs` gives the ref of a tag's id.
        """
        for found in self._in_commits.values():
            placed = [(graph.number[name], match) for name, match in found]
            reachable = [(number, match) for number, match in placed if number in history]
            yield _in_commit(graph, reachable or placed, line, reachable=bool(reachable))
        for tagged in self._in_tags.values():
            for tag, match in {tag.id: (tag, match) for tag, match in reversed(tagged)}.values():
                yield _in_tag(tag, match, refs.get(tag.id))


def _in_commit(
    graph: CommitGraph, placed: list[tuple[int, Match]], line: AbstractSet[int], *, reachable: bool
) -> Sighting:
    def age(one: tuple[int, Match]) -> tuple[bool, int, str, int]:
        seconds = graph.seconds[one[0]]
        return seconds is None, seconds or 0, graph.ids[one[0]], one[1].line

    ordered = sorted(placed, key=age)
    number, match = ordered[0]
    author, email = graph.authors[number]
    occurrence = Occurrence(
        path=graph.ids[number],
        line=match.line,
        column=match.column,
        end_line=match.end_line,
        commit=graph.ids[number],
        commits=tuple(dict.fromkeys(graph.ids[one] for one, _ in ordered)),
        author=author,
        author_email=email,
        introduced_at=moment(graph.seconds[number]),
        in_head=any(one in line for one, _ in ordered),
        where="commit-message" if reachable else "unreachable",
        decoded=match.chain,
    )
    matches = distinct([match for _, match in ordered])
    return Sighting(match=match, occurrence=occurrence, versions=matches, decisive=matches, named=False)


def _in_tag(tag: Tag, match: Match, ref: str | None) -> Sighting:
    occurrence = Occurrence(
        path=ref or tag.id,
        line=match.line,
        column=match.column,
        end_line=match.end_line,
        blob=tag.id,
        author=tag.tagger.name,
        author_email=tag.tagger.email,
        introduced_at=moment(tag.tagger.seconds),
        where="tag" if ref else "unreachable",
        decoded=match.chain,
    )
    return Sighting(match=match, occurrence=occurrence, versions=(match,), decisive=(match,), named=False)
