"""`keyproof-hook`: stops a commit that would bring a secret in; imports almost nothing, for it runs at every commit."""

import gc
import os
import sys

_USAGE = "usage: keyproof-hook [--verbose]   (searches what the index of this repository would commit)"

_ADVICE = (
    "keyproof: the commit is stopped. Take the secret out of the staged content (git restore --staged PATH), keep it in\n"
    "  a secret manager, and rotate it if it was ever shared. A false alarm is marked on its line with keyproof:allow."
)


def run() -> None:
    """Entry point of the console script."""
    gc.disable()  # a process this short has nothing to gain from looking for cycles
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Search the index against HEAD; return 0 when nothing was found, 1 for a secret, 3 when not all could be read."""
    if arguments and arguments != ["--verbose"]:
        print(_USAGE, file=sys.stderr)
        return 0 if arguments[0] in {"-h", "--help"} else 2
    if not arguments and _clean_at_a_glance():
        return 0
    from keyproof.cli.boundary import guarded  # noqa: PLC0415 (most commits never come here)

    return guarded(lambda: _search(verbose=bool(arguments)))


def _clean_at_a_glance() -> bool:
    from keyproof.leaks.glance import cache_folder, certainly_clean  # noqa: PLC0415

    environ = dict(os.environ)
    cache = cache_folder(environ)
    return cache is not None and certainly_clean(os.getcwd(), environ, cache)  # noqa: PTH109 (pathlib costs too much)


def _search(*, verbose: bool) -> int:
    # Imported here: typer, pydantic, YAML and every backend library must stay out of a commit's way.
    from pathlib import Path  # noqa: PLC0415

    from keyproof.cli.exit import ExitCode  # noqa: PLC0415
    from keyproof.cli.gate import confidences, gates  # noqa: PLC0415
    from keyproof.cli.surroundings import SilentProgress, surroundings  # noqa: PLC0415
    from keyproof.wiring.leaks import Search, leak_source, repository_root  # noqa: PLC0415

    root = repository_root(Path.cwd())
    search = Search(mode="staged", from_hook=True)
    source = leak_source(root, search, name=root.name, surroundings=surroundings(root))
    scan = source.scan(SilentProgress())
    failing = any(gates(leak, confidences()) for leak in scan.leaks)
    if failing or verbose or not scan.coverage.complete:
        from keyproof.reporters.leaks import render_text  # noqa: PLC0415

        print(render_text([scan]), file=sys.stderr, end="")
    if failing:
        print(_ADVICE, file=sys.stderr)
        return ExitCode.FAILED
    return ExitCode.OK if scan.coverage.complete else ExitCode.INCOMPLETE
