"""What the pre-commit hook costs: ours beside an interpreter that does nothing, detect-secrets-hook and Kingfisher.

    python benchmarks/hook.py [--kingfisher PATH] [--rounds N]

The change staged is one a person makes: a module, a configuration and a page changed, some dozens of lines each,
in a repository of 400 files; once without a word about secrets, as in most commits, and once with a line that names
one and holds none, so that it has to be judged. Every run is a process of its own, from start to exit; the ways take turns, and the
figures are medians. CPU and memory are those of a run with its child processes; memory is that of the largest
process among them. The detectors were compiled by a run before; the last column shows what that first run costs.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FILES = 400
_CHANGED = ("src/module_7.py", "conf/app_7.yaml", "docs/page_7.md")
_NAMED = "  password: ${APP_PASSWORD}\n"
_PERSON = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "gc.auto=0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one way."""

    wall: float
    cpu: float
    memory: int
    """Bytes of the largest process."""


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kingfisher", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    beside = Path(sys.executable).parent
    ways: dict[str, list[str]] = {
        "keyproof-hook": [str(beside / "keyproof-hook")],
        "python -c pass": [sys.executable, "-c", "pass"],
        "detect-secrets-hook": [str(beside / "detect-secrets-hook"), *_CHANGED],
    }
    if options.kingfisher:
        quiet = ["--no-validate", "--no-update-check"]
        ways["kingfisher --staged"] = [str(options.kingfisher), "scan", ".", "--staged", *quiet]
    for title, line in (("a plain change", ""), ("a change that names a secret", _NAMED)):
        print(f"\n{title}")
        _compare(ways, line, options.rounds)


def _compare(ways: Mapping[str, list[str]], line: str, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        environ = {
            **os.environ,
            "HOME": folder,
            "XDG_CACHE_HOME": f"{folder}/cache",
            "XDG_CONFIG_HOME": folder,
        }
        _stage(repository, environ, line)
        first = {way: _measure(command, repository, environ) for way, command in ways.items()}
        runs: dict[str, list[Run]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, command in ways.items():
                runs[way].append(_measure(command, repository, environ))
    _print(first, runs)


def _stage(repository: Path, environ: Mapping[str, str], line: str) -> None:
    """A repository with a change in its index; nothing in it is a secret."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *_PERSON, *arguments], cwd=repository, env=dict(environ), check=True)

    for number in range(_FILES // 4):
        _write(repository / f"src/module_{number}.py", _module(number))
        _write(repository / f"conf/app_{number}.yaml", _settings(number))
        _write(repository / f"docs/page_{number}.md", _page(number))
        _write(repository / f"tests/test_module_{number}.py", _module(number + 1000))
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "--message", "one")
    _write(repository / _CHANGED[0], _module(7) + "\n".join(_module(8).splitlines()[:30]))
    _write(repository / _CHANGED[1], _settings(7) + "  retries: 4\n" + line)
    _write(repository / _CHANGED[2], _page(7) + "Every step answers within a minute.\n")
    git("add", ".")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _module(number: int) -> str:
    functions = (
        f"def step_{number}_{at}(client, limit=None):\n"
        f'    """Do step {at}."""\n'
        f"    answer = client.get('/v1/steps/{at}', timeout={at + 1})\n"
        f"    if answer.status != 200:\n        raise ValueError(answer.reason)\n"
        f"    return answer.json()['password_policy']\n\n\n"
        for at in range(12)
    )
    return "import json\nimport os\n\n\n" + "".join(functions)


def _settings(number: int) -> str:
    return f"app:\n  name: app-{number}\n  image: registry.example.org/app:{number}.2.1\n" + "".join(
        f"  option_{at}: value-{at}\n" for at in range(20)
    )


def _page(number: int) -> str:
    return f"# Page {number}\n\n" + "A sentence that explains what the module does and why.\n" * 30


def _measure(command: Sequence[str], repository: Path, environ: Mapping[str, str]) -> Run:
    with (repository.parent / "output").open("wb") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=repository, env=dict(environ), stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        text = (repository.parent / "output").read_text(encoding="utf-8", errors="replace")
        sys.exit(f"{command[0]} ended with {process.returncode}: {text[-500:]}")
    return Run(wall=wall, cpu=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss * 1024)


def _print(first: Mapping[str, Run], runs: Mapping[str, Sequence[Run]]) -> None:
    """Medians; ratios are to our hook."""
    print(f"{'way':20} {'wall':>9} {'CPU':>9} {'memory':>8} {'wall ratio':>11} {'first run':>10}")
    reference = statistics.median(run.wall for run in next(iter(runs.values())))
    for way, tries in runs.items():
        wall = statistics.median(run.wall for run in tries)
        cpu = statistics.median(run.cpu for run in tries)
        memory = max(run.memory for run in tries)
        print(
            f"{way:20} {wall * 1000:6.0f} ms {cpu * 1000:6.0f} ms {memory / 1e6:5.0f} MB {wall / reference:10.2f}x "
            f"{first[way].wall * 1000:7.0f} ms"
        )


if __name__ == "__main__":
    main()
