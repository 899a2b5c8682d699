"""Every shipped detector finds its examples and nothing in its non-examples; every fault has its line."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from keyproof import resources
from keyproof.domain.leak import LeakConfidence
from keyproof.errors import PolicyError
from keyproof.leaks.detection import allow
from keyproof.leaks.detection.detector import Detector, DetectorKind
from keyproof.leaks.detection.detectors import DetectorModel, load, read_models, rule_files
from keyproof.leaks.detection.examples import expand
from keyproof.leaks.detection.proofs import armoured_body
from keyproof.leaks.detection.scanner import Scanner

_SURE = {LeakConfidence.PROVEN, LeakConfidence.LIKELY}
_FILES = read_models(rule_files(resources.policies() / "detectors"))
_MODELS = {model.id: model for file, _ in _FILES for model in file.detectors}
_EXAMPLES = [
    pytest.param(model, text, id=f"{model.id}-{number}")
    for model in _MODELS.values()
    for number, text in enumerate(model.examples)
]
_NON_EXAMPLES = [
    pytest.param(model, text, id=f"{model.id}-{number}")
    for model in _MODELS.values()
    for number, text in enumerate(model.non_examples)
]

# A GitLab checksum covers the prefix too, so no template can write it; test_proofs has one.
_PROVABLE = [model for model in _MODELS.values() if model.proof not in {"", "gitlab-crc32"}]


@pytest.mark.parametrize(("model", "template"), _EXAMPLES)
@pytest.mark.parametrize("place", ["alone", "in a file"])
def test_example_is_found_by_its_detector_alone_and_whole(
    scanner: Scanner, model: DetectorModel, template: str, place: str
) -> None:
    example = expand(template, model.id)
    lead = b"" if place == "alone" else "# héading\n".encode()
    found = scanner.scan(lead + example.text + (b"" if place == "alone" else b"\n# end\n"))
    assert [match.detector for match in found] == [model.id]
    secret = example.text[example.start : example.end]
    assert found[0].secret == (armoured_body(secret) if model.armoured else secret)
    assert found[0].confidence in {LeakConfidence.PROVEN, LeakConfidence(model.confidence)}


@pytest.mark.parametrize(("model", "template"), _NON_EXAMPLES)
def test_non_example_is_no_likely_match_of_its_detector(
    scanner: Scanner, model: DetectorModel, template: str
) -> None:
    found = scanner.scan(expand(template, model.id).text)
    assert not [one for one in found if one.detector == model.id and one.confidence in _SURE]


@pytest.mark.parametrize(
    "model", [model for model in _MODELS.values() if model.public_prefix], ids=lambda one: one.id
)
def test_public_prefix_begins_at_least_one_example(model: DetectorModel) -> None:
    secrets = [expand(text, model.id) for text in model.examples]
    assert any(one.text[one.start :].decode().startswith(model.public_prefix) for one in secrets)


@pytest.mark.parametrize("model", _MODELS.values(), ids=lambda one: one.id)
def test_a_detector_names_the_page_its_form_comes_from(model: DetectorModel) -> None:
    assert model.source


@pytest.mark.parametrize("model", _PROVABLE, ids=lambda one: one.id)
def test_a_detector_with_a_proof_has_an_example_that_is_proven(
    scanner: Scanner, model: DetectorModel
) -> None:
    found = [match for text in model.examples for match in scanner.scan(expand(text, model.id).text)]
    assert LeakConfidence.PROVEN in {match.confidence for match in found}


def test_there_are_enough_detectors_and_providers(detectors: Sequence[Detector]) -> None:
    assert len(detectors) >= 300
    assert len({one.vendor for one in detectors if one.kind is DetectorKind.PROVIDER}) >= 200


def test_whatever_has_a_form_has_a_class(detectors: Sequence[Detector]) -> None:
    assert {one.kind for one in detectors if not one.secret_class} == {DetectorKind.GENERIC}


def test_detectors_are_sorted_and_keep_vendor_and_file_apart(
    rules: Path, detectors: Sequence[Detector]
) -> None:
    assert [one.id for one in detectors] == sorted(_MODELS)
    assert [file.vendor for file, _ in _FILES] == [path.stem for path in rule_files(rules)]


def test_the_ids_named_in_code_exist() -> None:
    assert allow.CHOSEN_BY_PEOPLE | {allow.UNQUOTED} <= set(_MODELS)


def test_no_rule_file_holds_a_credential(rules: Path, scanner: Scanner) -> None:
    for path in rule_files(rules):
        sure = [match for match in scanner.scan(path.read_bytes()) if match.confidence in _SURE]
        assert sure == [], path.name


_GOOD = """\
vendor: acme
detectors:
  - id: acme-token
    title: Acme token
    secret-class: acme-token
    pattern: 'acme_[a-z]{8}'
    advice: 'Rotate it: https://acme.example/keys'
    examples: ['acme_{lower:8}']
"""


def _problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "acme.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        load([path])
    return [str(problem).removeprefix(str(tmp_path) + "/") for problem in caught.value.problems]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(_GOOD)
    (detector,) = load([path])
    assert (detector.id, detector.vendor, detector.width) == ("acme-token", "acme", 13)
    assert detector.confidence is LeakConfidence.LIKELY


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title:", "titel:", "acme.yaml:4:5: unknown key 'titel'; did you mean 'title'?"),
        (
            "[a-z]{8}",
            "[a-z",
            "acme.yaml:6:14: the pattern is unusable: unterminated character set at position 5",
        ),
        ("[a-z]{8}", "[a-z]+", "acme.yaml:6:14: the pattern is unusable: a match may be"),
        (
            "acme_[a-z]{8}",
            "[a-z]{8}",
            "acme.yaml:6:14: the pattern is unusable: no literal text stands in every match",
        ),
        ("acme_[a-z]{8}", "(acme)?", "acme.yaml:6:14: the pattern is unusable: matches the empty text"),
        ("id: acme-token", "id: generic-token", "acme.yaml:3:5: the id of a generic detector"),
        (
            "secret-class: acme-token",
            "secret-class: a\n    proof: luck",
            "acme.yaml:3:5: no proof is called 'luck'",
        ),
        (
            "secret-class: acme-token",
            "secret-class: a\n    proof-required: true",
            "acme.yaml:3:5: proof-required",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    problems = _problems(tmp_path, _GOOD.replace(old, new))
    assert any(one.startswith(problem) for one in problems), problems


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    twice = _GOOD + _GOOD.split("detectors:\n")[1]
    assert _problems(tmp_path, twice) == ["acme.yaml:9:9: the id 'acme-token' is taken; ids are unique"]


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in paths:
        path.write_text("vendor: x\n")
    with pytest.raises(PolicyError) as caught:
        load(paths)
    assert len(caught.value.problems) == 2
