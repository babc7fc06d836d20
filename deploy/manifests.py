"""A formula for Homebrew and a manifest for Scoop, which name the archives of a release and their
sums. They belong into a tap and a bucket; the release carries them."""

import json
from collections.abc import Iterator
from pathlib import Path

from project import manifest, sha256, version
from targets import named

FORMULA = """\
class Leaktrace < Formula
  desc "Finds leaked credentials in git history and who brought them in"
  homepage "https://github.com/{repository}"
  version "{version}"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
{mac_arm}    end
    on_intel do
{mac_intel}    end
  end

  on_linux do
    on_arm do
{linux_arm}    end
    on_intel do
{linux_intel}    end
  end

  def install
    bin.install "leaktrace"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/leaktrace.bash" => "leaktrace"
    fish_completion.install "completions/leaktrace.fish"
    zsh_completion.install "completions/_leaktrace"
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/leaktrace --version")
  end
end
"""


def address(repository: str, triple: str) -> str:
    """Where the archive lies."""
    name = named(triple).archive(version())
    return f"https://github.com/{repository}/releases/download/v{version()}/{name}"


def homebrew(archives: Path, out: Path, repository: str) -> Iterator[Path]:
    """leaktrace.rb. On Linux the programs that need no C library of the system."""

    def source(triple: str) -> str:
        total = sha256(archives / named(triple).archive(version()))
        return f'      url "{address(repository, triple)}"\n      sha256 "{total}"\n'

    text = FORMULA.format(
        repository=repository,
        version=version(),
        mac_arm=source("aarch64-apple-darwin"),
        mac_intel=source("x86_64-apple-darwin"),
        linux_arm=source("aarch64-unknown-linux-musl"),
        linux_intel=source("x86_64-unknown-linux-musl"),
    )
    path = out / "leaktrace.rb"
    path.write_text(text, encoding="utf-8", newline="\n")
    yield path


def scoop(archives: Path, out: Path, repository: str) -> Iterator[Path]:
    """leaktrace.json, which Scoop can also bring up to date by itself."""
    target = named("x86_64-pc-windows-msvc")
    releases = f"https://github.com/{repository}/releases"
    pattern = target.archive("$version")
    fields = {
        "version": version(),
        "description": manifest("description"),
        "homepage": f"https://github.com/{repository}",
        "license": "MIT|Apache-2.0",
        "architecture": {
            "64bit": {
                "url": address(repository, target.triple),
                "hash": sha256(archives / target.archive(version())),
                "extract_dir": target.folder(version()),
            }
        },
        "bin": target.program,
        "checkver": "github",
        "autoupdate": {
            "architecture": {
                "64bit": {
                    "url": f"{releases}/download/v$version/{pattern}",
                    "extract_dir": target.folder("$version"),
                }
            },
            "hash": {"url": "$baseurl/SHA256SUMS"},
        },
    }
    path = out / "leaktrace.json"
    path.write_text(json.dumps(fields, indent=4) + "\n", encoding="utf-8", newline="\n")
    yield path
