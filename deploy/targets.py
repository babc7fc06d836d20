"""The platforms that releases are built for, and what the package managers call each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One released archive."""

    triple: str
    # Folder and name below the scope on npm, with the os and cpu that npm compares; none where
    # another archive serves the platform better.
    npm: tuple[str, str] | None = None
    # Platform tags of the wheel; a static program asks nothing of a C library, so one file serves
    # both kinds of Linux.
    wheel: tuple[str, ...] = ()

    @property
    def windows(self) -> bool:
        return "windows" in self.triple

    @property
    def program(self) -> str:
        return "leaktrace.exe" if self.windows else "leaktrace"

    def archive(self, version: str) -> str:
        """The file's name in the release; .github/action/install.sh makes the same."""
        suffix = "zip" if self.windows else "tar.gz"
        return f"leaktrace-{version}-{self.triple}.{suffix}"

    def folder(self, version: str) -> str:
        """The one folder in the archive."""
        return f"leaktrace-{version}-{self.triple}"


TARGETS = (
    Target("x86_64-unknown-linux-gnu"),
    Target("aarch64-unknown-linux-gnu"),
    Target(
        "x86_64-unknown-linux-musl",
        npm=("linux", "x64"),
        wheel=("manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"),
    ),
    Target(
        "aarch64-unknown-linux-musl",
        npm=("linux", "arm64"),
        wheel=("manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"),
    ),
    Target("x86_64-apple-darwin", npm=("darwin", "x64"), wheel=("macosx_10_12_x86_64",)),
    Target("aarch64-apple-darwin", npm=("darwin", "arm64"), wheel=("macosx_11_0_arm64",)),
    Target("x86_64-pc-windows-msvc", npm=("win32", "x64"), wheel=("win_amd64",)),
)


def named(triple: str) -> Target:
    """The target of this name."""
    for target in TARGETS:
        if target.triple == triple:
            return target
    raise SystemExit(f"{triple} is no target of releases")
