#!/usr/bin/env python3
"""Makes what a release consists of, out of the built programs: archives, the list of their sums,
and packages for npm, PyPI, Homebrew and Scoop. Needs nothing but Python 3.11.

    release.py check-tag v1.2.3
    release.py archive TRIPLE PROGRAM OUT
    release.py npm ARCHIVES OUT --repository OWNER/NAME
    release.py wheels ARCHIVES OUT --repository OWNER/NAME
    release.py homebrew ARCHIVES OUT --repository OWNER/NAME
    release.py scoop ARCHIVES OUT --repository OWNER/NAME
    release.py sums FOLDER
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import manifests
import npm
import wheel
from project import ROOT, Files, sha256, version, write_tar, write_zip
from targets import TARGETS, named

SHELLS = {
    "bash": "leaktrace.bash",
    "elvish": "leaktrace.elv",
    "fish": "leaktrace.fish",
    "powershell": "_leaktrace.ps1",
    "zsh": "_leaktrace",
}
TEXTS = ("README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT")


def check_tag(tag: str) -> None:
    """A tag and Cargo.toml must say one version."""
    if tag != f"v{version()}":
        raise SystemExit(f"the tag is {tag}, and Cargo.toml says {version()}")


def archive(triple: str, program: Path, out: Path) -> None:
    """The program with its licences, completions and manual pages, which it makes itself."""
    target = named(triple)
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    if said.stdout.split() != ["leaktrace", version()]:
        raise SystemExit(f"{program} is {said.stdout.strip()!r}, not version {version()}")
    top = target.folder(version())
    files: Files = {f"{top}/{target.program}": (program.read_bytes(), True)}
    for text in TEXTS:
        files[f"{top}/{text}"] = ((ROOT / text).read_bytes(), False)
    for shell, name in SHELLS.items():
        script = subprocess.run([program, "completions", shell], check=True, capture_output=True)
        files[f"{top}/completions/{name}"] = (script.stdout, False)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "man", folder], check=True)
        for page in sorted(Path(folder).iterdir()):
            files[f"{top}/man/{page.name}"] = (page.read_bytes(), False)
    out.mkdir(parents=True, exist_ok=True)
    path = out / target.archive(version())
    (write_zip if target.windows else write_tar)(path, files)
    print(path)


def complete(archives: Path) -> None:
    """Packages that lack a platform are worse than none."""
    missing = [t.triple for t in TARGETS if not (archives / t.archive(version())).is_file()]
    if missing:
        raise SystemExit(f"there is no archive for {', '.join(missing)}")


def sums(folder: Path) -> None:
    """SHA256SUMS, as `sha256sum --check` reads it, of all files beside it."""
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != "SHA256SUMS")
    lines = [f"{sha256(folder / name)}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check-tag").add_argument("tag")
    one = commands.add_parser("archive")
    one.add_argument("triple")
    one.add_argument("program", type=Path)
    one.add_argument("out", type=Path)
    for name in ("npm", "wheels", "homebrew", "scoop"):
        command = commands.add_parser(name)
        command.add_argument("archives", type=Path)
        command.add_argument("out", type=Path)
        command.add_argument("--repository", required=True, metavar="OWNER/NAME")
    commands.add_parser("sums").add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "check-tag":
        check_tag(given.tag)
    elif given.command == "archive":
        archive(given.triple, given.program.resolve(), given.out)
    elif given.command == "sums":
        sums(given.folder)
    else:
        complete(given.archives)
        given.out.mkdir(parents=True, exist_ok=True)
        make = {
            "npm": npm.make,
            "wheels": wheel.make,
            "homebrew": manifests.homebrew,
            "scoop": manifests.scoop,
        }[given.command]
        for path in make(given.archives, given.out, given.repository):
            print(path)


if __name__ == "__main__":
    sys.exit(main())
