"""What pods mount by the Secrets Store CSI driver, and the Secrets that are copies of it."""

from typing import Any

import pytest

from keyproof.kubernetes.managed import SHAPE
from keyproof.kubernetes.secrets_store import Mounts, ProviderClass, copies_of, mounted, provider_class

CLASS = ProviderClass(name="web", provider="azure", secrets=("copy",))


def status(pod: str, *, mounted: bool = True, **objects: str) -> dict[str, Any]:
    held = [{"id": f"secret/{id_}", "version": version} for id_, version in objects.items()]
    said = {"podName": pod, "secretProviderClassName": "web", "mounted": mounted, "objects": held}
    return {"metadata": {"name": f"{pod}-shop-web"}, "status": said}


def mounts(*bodies: dict[str, Any]) -> Mounts:
    found = Mounts()
    for body in bodies:
        found.add(body)
    return found


def copy(found: Mounts | None) -> dict[str, str | int | bool]:
    ((name, managed),) = copies_of(CLASS, found)
    assert name == "copy"
    assert managed.copied
    assert "follows-rotation" not in managed.attributes  # whether the driver rotates stands nowhere
    return dict(managed.attributes)


def test_a_copy_says_which_pods_hold_what() -> None:
    found = copy(mounts(status("a", db="1"), status("b", db="1", api="7")))
    assert (found["mounted-by"], found["store-objects"]) == ("a, b", "secret/api 7, secret/db 1")
    assert found["synced"] is True
    assert "sync-problem" not in found


def test_a_copy_of_what_no_pod_mounts_is_not_made_anew() -> None:
    found = copy(mounts(status("a", mounted=False, db="1")))
    assert found["synced"] is False
    assert (
        found["sync-problem"]
        == "SecretProviderClass/web (azure): no pod mounts it, so nothing copies from it"
    )


def test_pods_that_hold_different_versions_are_behind() -> None:
    found = copy(mounts(status("a", db="1"), status("b", db="2")))
    assert found["synced"] is False
    assert (
        found["sync-problem"] == "SecretProviderClass/web (azure): pods hold different versions of secret/db"
    )


def test_mounts_that_could_not_be_read_say_nothing_of_the_copy() -> None:
    assert copy(None).keys() == {"managed-by", "store"}


def test_pods_are_told_for_every_class_also_one_that_is_gone() -> None:
    found = mounts(*(status(f"pod-{number:02}", db="1") for number in range(12)))
    (one,) = mounted({"web": CLASS}, found)
    assert one.value.startswith("SecretProviderClass/web (azure): secret/db 1; by pod-00, pod-01")
    assert one.value.endswith("pod-09, 2 more")
    (gone,) = mounted({}, mounts(status("a")))
    assert gone.value == "SecretProviderClass/web: nothing named; by a"


@pytest.mark.parametrize(
    "body", [{}, {"spec": None}, {"spec": {"secretObjects": [{}]}}, {"spec": []}], ids=str
)
def test_a_class_of_an_unknown_shape_is_not_understood(body: dict[str, Any]) -> None:
    with pytest.raises(SHAPE):
        provider_class(body)


@pytest.mark.parametrize(
    "said",
    [
        None,
        {"mounted": True},
        {"mounted": True, "secretProviderClassName": "w", "podName": "p", "objects": [{}]},
    ],
    ids=str,
)
def test_a_status_of_an_unknown_shape_changes_nothing(said: object) -> None:
    found = Mounts()
    with pytest.raises(SHAPE):
        found.add({"metadata": {"name": "x"}, "status": said})
    assert found == Mounts()
