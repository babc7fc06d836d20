"""What the packages say of the project, out of Cargo.toml, and archives that come out the same
bytes each time."""

import gzip
import hashlib
import io
import os
import re
import tarfile
import zipfile
from pathlib import Path

from targets import Target

ROOT = Path(__file__).resolve().parent.parent


def manifest(key: str) -> str:
    """A text of the [package] table."""
    package = (ROOT / "Cargo.toml").read_text(encoding="utf-8").split("\n[", 2)[0]
    found = re.search(rf'^{re.escape(key)} = "([^"]+)"', package, re.MULTILINE)
    if not found:
        raise SystemExit(f"Cargo.toml says no {key}")
    return found[1]


def version() -> str:
    """The version that is released."""
    return manifest("version")


def python_version(semantic: str) -> str:
    """The same version as Python's packages write it: 1.0.0-rc.1 is 1.0.0rc1."""
    number, _, pre = semantic.partition("-")
    if not pre:
        return number
    found = re.fullmatch(r"(alpha|beta|rc)\.?(\d+)", pre)
    if not found:
        raise SystemExit(f"{semantic}: pre-releases are named alpha.N, beta.N or rc.N")
    return number + {"alpha": "a", "beta": "b", "rc": "rc"}[found[1]] + found[2]


def moment() -> int:
    """The time that archives carry, seconds since 1970: no earlier than zip can say."""
    return max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), 315_532_800)


def sha256(path: Path) -> str:
    """The file's sum, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


Files = dict[str, tuple[bytes, bool]]
"""Names in an archive, with the content and whether it is a program."""


def write_tar(path: Path, files: Files) -> None:
    """A .tar.gz without anything of this machine in it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            content, program = files[name]
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if program else 0o644
            entry.mtime = moment()
            tar.addfile(entry, io.BytesIO(content))
    with path.open("wb") as file:
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=moment()) as packed:
            packed.write(raw.getvalue())


def write_zip(path: Path, files: Files) -> None:
    """A .zip or a wheel; the order of the files is kept."""
    import time

    at = time.gmtime(moment())[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (content, program) in files.items():
            entry = zipfile.ZipInfo(name, at)
            entry.create_system = 3
            entry.external_attr = (0o100755 if program else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def released(folder: Path, target: Target) -> bytes:
    """The program out of a released archive."""
    path = folder / target.archive(version())
    name = f"{target.folder(version())}/{target.program}"
    if target.windows:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    with tarfile.open(path) as tar:
        member = tar.extractfile(name)
        if member is None:
            raise SystemExit(f"{path.name}: {name} is no file")
        return member.read()
