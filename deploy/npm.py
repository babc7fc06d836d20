"""Packages for npm: one that people install, and one for each platform, which carries the program.
npm installs of the latter only the one whose `os` and `cpu` fit, so nothing is fetched by scripts."""

import json
from collections.abc import Iterator
from pathlib import Path

from project import ROOT, manifest, released, version, write_tar
from targets import TARGETS

SCOPE = "@leaktrace"


def package(name: str, text: str, repository: str, more: dict) -> bytes:
    """A package.json."""
    fields = {
        "name": name,
        "version": version(),
        "description": text,
        "license": manifest("license"),
        "repository": {"type": "git", "url": f"git+https://github.com/{repository}.git"},
        **more,
    }
    return (json.dumps(fields, indent=2) + "\n").encode()


def licences() -> dict[str, tuple[bytes, bool]]:
    """Both of them go with every copy of the program."""
    names = ("LICENSE-APACHE", "LICENSE-MIT")
    return {f"package/{name}": ((ROOT / name).read_bytes(), False) for name in names}


def make(archives: Path, out: Path, repository: str) -> Iterator[Path]:
    """Writes the .tgz files; the platforms' come first, because they have to be published first."""
    platforms = {}
    for target in TARGETS:
        if target.npm is None:
            continue
        system, processor = target.npm
        short = f"{system}-{processor}"
        platforms[f"{SCOPE}/{short}"] = version()
        files = licences()
        files["package/package.json"] = (
            package(
                f"{SCOPE}/{short}",
                f"The program leaktrace for {system} on {processor}",
                repository,
                {"os": [system], "cpu": [processor], "preferUnplugged": True},
            ),
            False,
        )
        files[f"package/bin/{target.program}"] = (released(archives, target), True)
        path = out / f"leaktrace-{short}-{version()}.tgz"
        write_tar(path, files)
        yield path
    files = licences()
    files["package/README.md"] = ((ROOT / "README.md").read_bytes(), False)
    start = (ROOT / "deploy" / "npm" / "leaktrace.js").read_bytes()
    files["package/bin/leaktrace.js"] = (start, True)
    files["package/package.json"] = (
        package(
            "leaktrace",
            manifest("description"),
            repository,
            {
                "bin": {"leaktrace": "bin/leaktrace.js"},
                "engines": {"node": ">=18"},
                "optionalDependencies": platforms,
            },
        ),
        False,
    )
    path = out / f"leaktrace-{version()}.tgz"
    write_tar(path, files)
    yield path
