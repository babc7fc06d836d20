//! What a file's path says about values under telling names in it. The engine sees contents only; the
//! path is known once something was found.
//!
//! Two kinds of files hold thousands of values under names such as `key`, `token` and `password` and
//! no credentials: locks and checksums of packages, and translations.

use super::Finding;
use crate::model::{Confidence, Fact};

/// Names of files in which package managers keep versions and checksums, in lower case.
const LOCKS: [&str; 24] = [
    ".package-lock.json",
    "build.lock",
    "bun.lock",
    "cargo.lock",
    "cartfile.resolved",
    "composer.lock",
    "deno.lock",
    "flake.lock",
    "gemfile.lock",
    "go.sum",
    "go.work.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package.resolved",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "podfile.lock",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];

/// How files with translations or checksums end, in lower case.
const TRANSLATED: [&str; 6] = [".po", ".pot", ".xlf", ".xliff", ".arb", ".ftl"];
const CHECKSUMS: [&str; 7] =
    [".md5", ".sha1", ".sha256", ".sha512", ".sri", "sha256sums", "checksums.txt"];

/// Folders of translations, in lower case.
const LANGUAGES: [&str; 8] =
    ["i18n", "l10n", "lang", "langs", "languages", "locale", "locales", "translations"];

/// What kind of file without credentials the path names, if it names one.
pub fn catalogue(path: &[u8]) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.rsplit(|byte| matches!(byte, b'/' | b'\\'));
    let name = parts.next().unwrap_or_default();
    let ends = |list: &[&str]| list.iter().any(|end| name.ends_with(end.as_bytes()));
    if LOCKS.iter().any(|lock| name == lock.as_bytes()) || ends(&CHECKSUMS) {
        return Some("versions and checksums of packages");
    }
    // Settings have languages, too: only formats of texts count inside their folders.
    let texts = ends(&[".json", ".yml", ".yaml", ".properties", ".php", ".ts", ".js", ".strings"]);
    let folder = parts.any(|part| LANGUAGES.iter().any(|known| part == known.as_bytes()));
    (ends(&TRANSLATED) || texts && folder).then_some("a translation")
}

/// Lowers what is thought of a value under a telling name where every file that has it is of such a
/// kind, and says why.
pub fn judge<'a>(finding: &mut Finding, mut paths: impl Iterator<Item = Option<&'a [u8]>>) {
    let Some(kind) = paths.next().flatten().and_then(catalogue) else { return };
    if paths.all(|path| path.and_then(catalogue) == Some(kind)) {
        finding.confidence = Confidence::Low;
        finding.facts.push(Fact::new("file_kind", kind));
        finding.facts.sort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_translations_are_told_from_settings() {
        for path in ["go.sum", "web/yarn.lock", "a/b/package-lock.json", "dist/app.tgz.SHA256"] {
            assert_eq!(
                catalogue(path.as_bytes()),
                Some("versions and checksums of packages"),
                "{path}"
            );
        }
        for path in ["django/conf/locale/de/x.po", "src/i18n/de.json", "app/Locales/fr.yml"] {
            assert_eq!(catalogue(path.as_bytes()), Some("a translation"), "{path}");
        }
        for path in ["config/settings.json", "lang/main.go", "locale", "terraform.lock", ""] {
            assert_eq!(catalogue(path.as_bytes()), None, "{path}");
        }
    }
}
