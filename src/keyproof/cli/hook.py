"""`keyproof-hook`: stops a commit that would bring a secret in; imports almost nothing, for it runs at every commit."""

import os
import sys
from pathlib import Path

_USAGE = "usage: keyproof-hook [--verbose]   (searches what the index of this repository would commit)"


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Search the index against HEAD; return 0 when nothing was found, 1 for a secret, 3 when not all could be read."""
    from keyproof.cli.boundary import guarded  # noqa: PLC0415 (after `run`, so that --help costs nothing)

    if arguments and arguments != ["--verbose"]:
        print(_USAGE, file=sys.stderr)
        return 0 if arguments[0] in {"-h", "--help"} else 2
    return guarded(lambda: _search(verbose=bool(arguments)))
