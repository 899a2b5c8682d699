"""Opens whatever a blob holds, and what that holds, within bounds."""

from collections.abc import Callable, Iterator, Mapping

from keyproof.leaks.decoding.archives import open_tar, open_zip
from keyproof.leaks.decoding.bytecode import open_pyc
from keyproof.leaks.decoding.compressed import open_bzip2, open_gzip, open_xz
from keyproof.leaks.decoding.database import open_sqlite
from keyproof.leaks.decoding.kinds import kind_of
from keyproof.leaks.decoding.notebook import open_notebook
from keyproof.leaks.decoding.part import Budget, Closed, Part, Stop
from keyproof.leaks.decoding.pdf import open_pdf

Opener = Callable[[bytes, Budget], Iterator[Part | Closed]]
"""Yields what stands in a content of its kind, never a part of more than one byte over the budget's bytes.

What cannot be opened is yielded as closed; nothing is raised.
"""


def _stays(reason: str) -> Opener:
    def leave(_content: bytes, _budget: Budget) -> Iterator[Part | Closed]:
        yield Closed(path="", reason=reason)

    return leave


_OPENERS: Mapping[str, Opener] = {
    "bundle": _stays("a git bundle to clone"),
    "bzip2": open_bzip2,
    "gzip": open_gzip,
    "lfs": _stays("kept in Git LFS"),
    "notebook": open_notebook,
    "pdf": open_pdf,
    "pyc": open_pyc,
    "sqlite": open_sqlite,
    "tar": open_tar,
    "xz": open_xz,
    "zip": open_zip,
}


def decoded(content: bytes, budget: Budget | None = None) -> Iterator[Part | Closed]:
    """Everything that stands in `content` in another form, the parts of parts as well; nothing in ordinary text."""
    budget = budget or Budget()
    try:
        yield from _decoded(content, "", (), budget)
    except Stop as stop:
        yield Closed(path="", reason=stop.reason)


def _decoded(content: bytes, path: str, chain: tuple[str, ...], budget: Budget) -> Iterator[Part | Closed]:
    kind = kind_of(content)
    if kind is None:
        return
    if len(chain) >= budget.depth:
        yield Closed(path=path, reason="too deep")
        return
    for one in _OPENERS[kind](content, budget):
        inside = path + one.path
        if isinstance(one, Closed):
            yield Closed(path=inside, reason=one.reason)
            continue
        budget.take(len(one.content))
        part = Part(path=inside, content=one.content, chain=chain + one.chain)
        yield part
        yield from _decoded(part.content, inside, part.chain, budget)
