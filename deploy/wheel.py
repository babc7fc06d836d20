"""Wheels for PyPI that carry the program as a script: installed by copying, without anything built
or fetched. The format: https://packaging.python.org/specifications/binary-distribution-format/"""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from project import ROOT, Files, manifest, python_version, released, version, write_zip
from targets import TARGETS, Target


def record(files: Files, own: str) -> bytes:
    """The list of files with their sums; of itself it can have none."""
    lines = []
    for name, (content, _) in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return ("".join(lines) + f"{own},,\n").encode()


def metadata(number: str, repository: str) -> bytes:
    """METADATA with the README as the description."""
    head = [
        "Metadata-Version: 2.4",
        "Name: leaktrace",
        f"Version: {number}",
        f"Summary: {manifest('description')}",
        f"License-Expression: {manifest('license')}",
        "License-File: LICENSE-APACHE",
        "License-File: LICENSE-MIT",
        f"Project-URL: Source, https://github.com/{repository}",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return ("\n".join(head) + "\n\n" + readme).encode()


def one(archives: Path, out: Path, repository: str, target: Target) -> Path:
    """The wheel for a target."""
    number = python_version(version())
    info = f"leaktrace-{number}.dist-info"
    tags = [f"py3-none-{tag}" for tag in target.wheel]
    about = ["Wheel-Version: 1.0", "Generator: leaktrace", "Root-Is-Purelib: false"]
    about += [f"Tag: {tag}" for tag in tags]
    files: Files = {
        f"leaktrace-{number}.data/scripts/{target.program}": (released(archives, target), True),
        f"{info}/METADATA": (metadata(number, repository), False),
        f"{info}/WHEEL": (("\n".join(about) + "\n").encode(), False),
    }
    for name in ("LICENSE-APACHE", "LICENSE-MIT"):
        files[f"{info}/licenses/{name}"] = ((ROOT / name).read_bytes(), False)
    own = f"{info}/RECORD"
    files[own] = (record(files, own), False)
    path = out / f"leaktrace-{number}-py3-none-{'.'.join(target.wheel)}.whl"
    write_zip(path, files)
    return path


def make(archives: Path, out: Path, repository: str) -> Iterator[Path]:
    """Writes a wheel for each target that has one."""
    for target in TARGETS:
        if target.wheel:
            yield one(archives, out, repository, target)
