//! The few settings that the environment may give, for CI systems that have no other place for
//! them. The library never reads the environment by itself: the command line hands it in.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::{ConfigError, FailOn, parse_fingerprint_key};
use crate::model::{Confidence, Secret};

/// The variables that are looked at, each with what it is for.
pub const VARIABLES: [(&str, &str); 6] = [
    (CONFIG, "path of the configuration file, as with --config"),
    (KEY, "64 hexadecimal digits that fingerprints are keyed with"),
    (FAIL_ON, "least severity for exit code 1, or never, as with --fail-on"),
    (CONFIDENCE, "least confidence shown, as with --confidence"),
    (THREADS, "threads, as with --threads"),
    (PSEUDONYM_KEY, "64 hexadecimal digits that pseudonyms of people are keyed with"),
];

const CONFIG: &str = "LEAKTRACE_CONFIG";
const KEY: &str = "LEAKTRACE_FINGERPRINT_KEY";
const FAIL_ON: &str = "LEAKTRACE_FAIL_ON";
const CONFIDENCE: &str = "LEAKTRACE_CONFIDENCE";
const THREADS: &str = "LEAKTRACE_THREADS";
const PSEUDONYM_KEY: &str = "LEAKTRACE_PSEUDONYM_KEY";

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The configuration file to read.
    pub config: Option<PathBuf>,
    /// The 32 bytes that fingerprints are keyed with.
    pub fingerprint_key: Option<Secret>,
    /// Which findings make the exit code 1.
    pub fail_on: Option<FailOn>,
    /// Least confidence shown.
    pub confidence: Option<Confidence>,
    /// Threads.
    pub threads: Option<NonZeroUsize>,
    /// The 32 bytes that pseudonyms are keyed with.
    pub pseudonym_key: Option<Secret>,
}

impl Environment {
    /// Asks `lookup` for each of [`VARIABLES`]; an empty value counts as none.
    pub fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Environment, ConfigError> {
        let value = |name| lookup(name).filter(|value| !value.is_empty());
        let text = |name: &'static str| {
            value(name)
                .map(|value| {
                    value.into_string().map_err(|_| wrong(name, "is not UTF-8".to_owned()))
                })
                .transpose()
        };
        Ok(Environment {
            config: value(CONFIG).map(PathBuf::from),
            fingerprint_key: value(KEY)
                .map(|key| parse_fingerprint_key(key.as_encoded_bytes()))
                .transpose()
                .map_err(|why| wrong(KEY, why.to_owned()))?,
            pseudonym_key: value(PSEUDONYM_KEY)
                .map(|key| parse_fingerprint_key(key.as_encoded_bytes()))
                .transpose()
                .map_err(|why| wrong(PSEUDONYM_KEY, why.replace("fingerprint key", "key")))?,
            fail_on: text(FAIL_ON)?
                .map(|word| word.parse::<FailOn>().map_err(|why| wrong(FAIL_ON, why)))
                .transpose()?,
            confidence: text(CONFIDENCE)?
                .map(|word| {
                    let unknown = "use one of low, medium, high".to_owned();
                    word.parse::<Confidence>().map_err(|_| wrong(CONFIDENCE, unknown))
                })
                .transpose()?,
            threads: text(THREADS)?
                .map(|number| {
                    let threads =
                        number.trim().parse().ok().filter(|n: &NonZeroUsize| n.get() <= 1024);
                    threads.ok_or_else(|| wrong(THREADS, "use a number from 1 to 1024".to_owned()))
                })
                .transpose()?,
        })
    }
}

fn wrong(variable: &'static str, why: String) -> ConfigError {
    ConfigError::Variable { variable, why }
}
