"""What the tests of `deploy/` share: its files, read; programs that check them; and what a pod may not do."""

import shutil
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped] # ships no types
import pytest
import yaml

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"

#: The oldest Kubernetes that is still maintained when the newest one known here is.
VERSIONS = ("1.35", kubernetes_validate.latest_version())


def read(path: Path) -> Any:
    """Read a YAML file of one document."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def manifests() -> list[dict[str, Any]]:
    """Read all manifests that the kustomization names."""
    files = (KUBERNETES / name for name in read(KUBERNETES / "kustomization.yaml")["resources"])
    return [each for path in files for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def program(name: str) -> str:
    """Find a program, that of our own environment first; without it the test is skipped."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def fits_kubernetes(resources: Iterable[dict[str, Any]]) -> None:
    """Hold resources against Kubernetes' own schemas, in which unknown fields are errors."""
    for resource in resources:
        for version in VERSIONS:
            kubernetes_validate.validate(resource, version, strict=True)


def has_the_least_rights(pod: dict[str, Any]) -> None:
    """Hold a pod's spec against Kubernetes' "restricted" profile, and that it writes nowhere but where it is given to.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    whole = pod["securityContext"]
    assert whole["runAsNonRoot"]
    assert whole["runAsUser"] == whole["runAsGroup"] == 10001
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert "/tmp" in {each["mountPath"] for each in container["volumeMounts"]}  # noqa: S108 - of the container
        assert "memory" in container["resources"]["limits"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert not any("hostPath" in each for each in pod["volumes"])
