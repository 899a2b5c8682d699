"""Every YAML block of the documentation is what it says it is: it loads, and where it is a policy, without doubt."""

import re
from pathlib import Path

import pytest

from keyproof import config, resources
from keyproof.app.cases import run_suite
from keyproof.errors import ConfigError
from keyproof.policy.cases import load_suites
from keyproof.policy.lint import lint
from keyproof.policy.loader import load_policy
from keyproof.strict_yaml import parse
from keyproof.wiring.catalog import CHECKS

DOCS = resources.policies().parent / "docs"
HEAD = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: A, reviewed: 2026-11-21, review-every: quarterly}
"""
SECTIONS = {"rules", "classes", "parameters", "roles", "disable", "extends"}
_BLOCK = re.compile(r"```ya?ml\n(.*?)```", re.DOTALL)


def _blocks() -> list[tuple[str, str]]:
    pages = sorted(DOCS.rglob("*.md")) if DOCS.is_dir() else []
    return [
        (f"{page.relative_to(DOCS)}:{text[: found.start()].count(chr(10)) + 2}", found[1])
        for page in pages
        for text in [page.read_text(encoding="utf-8")]
        for found in _BLOCK.finditer(text)
    ]


def _load(text: str, root: Path) -> str:
    """What kind of block it is; raises when it is none of the kind it looks like."""
    data = parse(text, name="block", error=ConfigError).data
    assert isinstance(data, dict)
    if data.get("kind") == "PolicyPack" or SECTIONS & set(data):
        whole = text if "kind" in data else HEAD + text
        (root / "house.yaml").write_text(whole, encoding="utf-8")
        load_policy(["house.yaml"], root=root, checks=CHECKS)
        return "pack"
    if data.get("kind") == "Waivers":
        (root / "waivers.yaml").write_text(text, encoding="utf-8")
        load_policy(["content-platform", "baseline"], root=root, checks=CHECKS, waivers=["waivers.yaml"])
        return "waivers"
    if data.get("version") == 1 and "policies" in data:
        (root / "keyproof.yaml").write_text(text, encoding="utf-8")
        config.load(root / "keyproof.yaml", {})
        return "configuration"
    return str(data.get("kind", "other"))


@pytest.mark.parametrize(("place", "text"), [pytest.param(*block, id=block[0]) for block in _blocks()])
def test_every_block_loads(place: str, text: str, tmp_path: Path) -> None:
    assert _load(text, tmp_path)


def _recipes() -> list[tuple[str, str]]:
    page = (DOCS / "how-to" / "policy-cookbook.md").read_text(encoding="utf-8")
    return [
        (title, _BLOCK.findall(body)[0])
        for title, body in re.findall(r"^## \d+\. ([^\n]+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    ]


def test_the_cookbook_has_twenty_policies() -> None:
    assert len({title for title, _ in _recipes()}) == 20


@pytest.mark.parametrize(("title", "text"), [pytest.param(*recipe, id=recipe[0]) for recipe in _recipes()])
def test_no_recipe_is_doubtful(title: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(HEAD + text, encoding="utf-8")
    policy = load_policy(["house.yaml"], root=tmp_path, checks=CHECKS)
    assert policy.packs[0].rules
    assert [str(doubt) for doubt in lint(policy)] == []


def test_every_check_is_in_the_cookbook_s_reach(tmp_path: Path) -> None:
    text = "".join(body for _, body in _recipes())
    used = set(re.findall(r"check: ([a-z-]+)", text))
    assert used <= set(CHECKS)
    assert len(used) >= 15


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(DOCS)}: {target}"
        for page in sorted(DOCS.rglob("*.md"))
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_cases_in_explanations_and_how_tos_hold(tmp_path: Path) -> None:
    """A `PolicyTest` block names its pack; its cases are run as they stand, with the page's waivers beside them."""
    ran = 0
    for page in sorted([*(DOCS / "explanation").glob("*.md"), *(DOCS / "how-to").glob("*.md")]):
        for text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            if "kind: Waivers" in text:
                (tmp_path / "waivers.yaml").write_text(text, encoding="utf-8")
            if "kind: PolicyTest" in text:
                (tmp_path / "cases.test.yaml").write_text(text, encoding="utf-8")
                (suite,) = load_suites(["cases.test.yaml"], root=tmp_path, checks=CHECKS)
                assert [fault for result in run_suite(suite).results for fault in result.faults] == [], page
                ran += len(suite.cases)
    assert ran > 25
