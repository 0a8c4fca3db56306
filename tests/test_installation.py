"""What `make` installs: locked with hashes, for every supported Python, and for no other."""

import logging
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [
    name.rpartition(" ")[2]
    for name in PROJECT["classifiers"]
    if re.search(r"Python :: 3\.\d+$", name)
]
LOCKS = ("tuft.txt", "torch.txt", "torch-cpu.txt")


def locked(name: str) -> dict[Requirement, list[str]]:
    """The requirements of a file in ``requirements/``, with their hashes."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {
        Requirement(line.partition(" --hash")[0]): re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
        for line in lines
    }


def versions(python: str, *names: str) -> dict[str, str]:
    """What the named files pin for a Python on Linux."""
    place = {"python_version": python, "python_full_version": f"{python}.0"}
    place |= {"sys_platform": "linux", "platform_machine": "x86_64"}
    return {
        pin.name: next(iter(pin.specifier)).version
        for name in names
        for pin in locked(name)
        if pin.marker is None or pin.marker.evaluate(place)
    }


def test_the_pythons_are_named_alike():
    minors = [int(python.partition(".")[2]) for python in PYTHONS]
    assert minors == list(range(minors[0], minors[-1] + 1))
    allowed = SpecifierSet(f">=3.{minors[0]},<3.{minors[-1] + 1}")
    assert SpecifierSet(PROJECT["requires-python"]) == allowed


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes_and_without_an_address(name):
    pins = locked(name)
    assert pins
    for pin, hashes in pins.items():
        assert [clause.operator for clause in pin.specifier] == ["=="], pin
        assert hashes, pin
        assert len(set(hashes)) == len(hashes), pin
    assert "://" not in (ROOT / "requirements" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_is_that_of_the_project(python):
    """After a change of the dependencies: `make lock`."""
    pinned = versions(python, "tuft.txt", "torch.txt")
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    for requirement in map(Requirement, wanted):
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            assert requirement.specifier.contains(pinned[requirement.name]), requirement


def test_both_builds_of_torch_are_of_one_version():
    [cpu] = locked("torch-cpu.txt")
    pinned = versions(PYTHONS[0], "torch.txt")
    assert cpu.specifier == SpecifierSet(f"=={pinned['torch']}+cpu")
    assert any(name.startswith("nvidia-") for name in pinned)
    assert not any(name.startswith("nvidia-") for name in versions(PYTHONS[0], "tuft.txt"))


def test_what_builds_the_package_is_pinned_alike():
    [build] = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert build == f"setuptools=={versions(PYTHONS[0], 'tuft.txt')['setuptools']}"


@pytest.mark.parametrize("python", ["3.10", "3.15", ""])
def test_make_refuses_any_other_python_before_it_makes_anything(tmp_path, python):
    other = tmp_path / "other"
    other.write_text(f"#!/bin/sh\necho {python}\n")
    other.chmod(0o755)
    environment = tmp_path / "environment"
    ended = subprocess.run(
        ["make", "--no-print-directory", "demo", f"PYTHON={other}", f"VENV={environment}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert f"Tuft needs Python {' '.join(PYTHONS)}; {other} is {python or 'none'}." in line
    assert not environment.exists()


def test_a_failure_is_not_buried_in_a_log(caplog):
    """Brian2 logs two thousand lines for a run of 60 ms; pytest prints what it captured."""
    logging.getLogger("brian2.test").debug("a detail")
    logging.getLogger("brian2.test").warning("a warning")
    assert caplog.messages == ["a warning"]
