//! What the identity cross-check needs from the command line and the environment: the store of
//! people, the push, the organisation's own lists, and whether names may be shown.

use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::exit::UsageError;
use super::{scan, terminal};
use crate::config::expression::Field;
use crate::config::people::{IdentitySettings, missing};
use crate::config::{Config, Environment};
use crate::identity::event::{self, PushEvent, Surroundings, activity};
use crate::identity::mailmap::Mailmap;
use crate::identity::pseudonym::PseudonymKey;
use crate::model::Secret;
use crate::model::text::escape;
use crate::pipeline::people::{Afterwards, People};
use crate::provenance::signature;
use crate::risk::signal;
use crate::store::{Store, audit};

/// Largest list of keys or aliases, and largest file of facts, bytes.
const LARGEST: u64 = 16 << 20;

/// Largest payload of an event, bytes.
const PAYLOAD: u64 = 25 << 20;

/// How a scan looks at people. It does so where `identity.enabled` is set in a configuration that
/// the user named.
#[derive(Debug, Args, Clone, Default)]
pub struct PeopleArguments {
    /// Payload of the push that the scan is about, as the forge sent it [default: what the CI's
    /// variables say]
    #[arg(long, value_name = "PATH", help_heading = "People")]
    pub event: Option<PathBuf>,
    /// What the forge recorded of the repository, as saved from its API (docs/events.md): who pushed
    /// which commits, for scans of more than one push
    #[arg(long, value_name = "PATH", help_heading = "People")]
    pub activity: Vec<PathBuf>,
    /// What other systems know: reports, revocations, audit logs (docs/identity.md)
    #[arg(long, value_name = "PATH", help_heading = "People")]
    facts: Option<PathBuf>,
    /// Write an evidence bundle, for `leaktrace explain`
    #[arg(long, value_name = "PATH", help_heading = "People")]
    pub evidence: Option<PathBuf>,
    /// What happens with the alerts of the configuration
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "People")]
    pub alerts: super::notify::When,
    /// Show names in place of pseudonyms. It is recorded in the audit log
    #[arg(long, help_heading = "People")]
    pub reveal_identities: bool,
}

impl PeopleArguments {
    /// For a question about one commit, which neither judges nor alerts.
    pub fn resolving(event: Option<PathBuf>, reveal_identities: bool) -> PeopleArguments {
        PeopleArguments { event, reveal_identities, ..PeopleArguments::default() }
    }

    fn any(&self) -> bool {
        self.event.is_some()
            || !self.activity.is_empty()
            || self.facts.is_some()
            || self.evidence.is_some()
            || self.reveal_identities
    }
}

/// The folder of the store: the one that is named, else the configuration's, else the user's own.
pub fn folder(named: Option<&Path>, config: Option<&Config>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = named {
        return Ok(folder.to_owned());
    }
    if let Some(config) = config
        && let Some(path) = &config.identity.store
    {
        return Ok(config.resolve(Path::new(""), path)?);
    }
    let state = scan::state_dir().ok_or_else(|| {
        UsageError("say where the store of people is with --store or identity.store".to_owned())
    })?;
    Ok(state.join("leaktrace").join("identity"))
}

/// The key for pseudonyms, and whether it is there again next time.
pub fn pseudonyms(
    environment: &Environment,
    config: Option<&Config>,
    store: &Store,
) -> anyhow::Result<(PseudonymKey, bool)> {
    if let Some(key) = environment.pseudonym_key.clone().and_then(PseudonymKey::new) {
        return Ok((key, true));
    }
    if let Some(key) = store.pseudonym_key()? {
        return Ok((key, true));
    }
    let fingerprint_key = environment
        .fingerprint_key
        .as_ref()
        .or(config.and_then(|config| config.fingerprint_key.as_ref()));
    if let Some(key) = fingerprint_key {
        return Ok((PseudonymKey::derived(key.expose()), true));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok((PseudonymKey::derived(&bytes), false))
}

/// Refuses to show names while the policy has gaps, and records that they are shown.
pub fn reveal(
    settings: &IdentitySettings,
    folder: &Path,
    as_of: i64,
    what: &str,
) -> anyhow::Result<()> {
    let gaps: Vec<&str> = missing(settings)
        .into_iter()
        .map(|(key, _)| key)
        .filter(|key| *key != "identity.pseudonyms")
        .collect();
    if !gaps.is_empty() {
        return Err(UsageError(format!(
            "names are shown once the policy is complete; missing: {}. `leaktrace identity policy \
             check` says more",
            gaps.join(", ")
        ))
        .into());
    }
    record(folder, as_of, "reveal", what)
}

/// Adds a line to the audit log.
pub fn record(folder: &Path, as_of: i64, act: &str, what: &str) -> anyhow::Result<()> {
    let mut variables = ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(env::var_os);
    let named = variables.find(|name| !name.is_empty());
    let user = match named {
        Some(name) => escape(name.as_encoded_bytes()),
        None => user_id(folder).map_or_else(|| "unknown".to_owned(), |id| format!("uid:{id}")),
    };
    audit::Log::beside(folder).add(as_of, act, &user, what)?;
    Ok(())
}

/// The number of the user that this runs as: it owns the process, and files that it makes.
/// Containers often set no variable that names it.
#[cfg(unix)]
fn user_id(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    if let Ok(own) = std::fs::metadata("/proc/self") {
        return Some(own.uid());
    }
    let probe = folder.join(format!("owner-{}", std::process::id()));
    let made = File::options().write(true).create_new(true).open(&probe);
    let owner = made.and_then(|file| file.metadata()).map(|made| made.uid()).ok();
    if owner.is_some() {
        let _ = std::fs::remove_file(&probe);
    }
    owner
}

#[cfg(not(unix))]
fn user_id(_: &Path) -> Option<u32> {
    None
}

/// What a scan needs to look at people; none where nobody switched it on.
pub fn prepare(
    arguments: &PeopleArguments,
    environment: &Environment,
    config: Option<&Config>,
    as_of: i64,
) -> anyhow::Result<Option<People>> {
    if let Some(config) = config {
        check(config)?;
    }
    let Some(config) = config.filter(|config| config.identity.enabled) else {
        if arguments.any() {
            let hint = "people are looked at where identity.enabled is set in a configuration that \
                        --config or LEAKTRACE_CONFIG names";
            return Err(UsageError(hint.to_owned()).into());
        }
        return Ok(None);
    };
    let settings = config.identity.clone();
    let folder = folder(None, Some(config))?;
    let store = match Store::open_existing(&folder)? {
        Some(store) => store,
        None if settings.store.is_some() => {
            return Err(UsageError(format!(
                "there is no store of people in {}: `leaktrace identity import FILE` makes one",
                shown(&folder)
            ))
            .into());
        }
        None => Store::in_memory()?,
    };
    let gaps = missing(&settings);
    if !gaps.is_empty() {
        terminal::warn(&format!(
            "{} missing before the cross-check is used on people: `leaktrace identity policy check` \
             says more",
            if gaps.len() == 1 {
                "1 thing is".to_owned()
            } else {
                format!("{} things are", gaps.len())
            }
        ));
    }
    let (pseudonyms, lasting) = pseudonyms(environment, Some(config), &store)?;
    if !lasting {
        terminal::warn(
            "pseudonyms are of this run only: there is no store of people and no \
             LEAKTRACE_PSEUDONYM_KEY",
        );
    }
    let reveal_names = arguments.reveal_identities || !settings.pseudonyms;
    if reveal_names {
        let how =
            if arguments.reveal_identities { "asked for" } else { "identity.pseudonyms: false" };
        reveal(&settings, &folder, as_of, how)?;
    }
    let people = People {
        events: events_of(arguments, &settings)?,
        taken: true,
        aliases: aliases(config)?,
        signers: signers(config)?,
        forges: People::forges_of(&settings.forges),
        afterwards: match &arguments.facts {
            Some(path) => facts(path)?,
            None => Afterwards::default(),
        },
        reveal: reveal_names,
        pseudonyms,
        store,
        settings,
    };
    Ok(Some(people))
}

/// Refuses settings that would silently change nothing: a condition about people while nobody is
/// looked at, and signals that do not exist.
fn check(config: &Config) -> anyhow::Result<()> {
    let file = config.file.as_deref().unwrap_or("the configuration");
    let about_people = [Field::Concern, Field::Actor];
    let asks = config.fail_when.as_ref().is_some_and(|when| when.asks(&about_people));
    if asks && !config.identity.enabled {
        return Err(UsageError(format!(
            "{file}: fail_when asks about people, and identity.enabled is not set: it would never \
             hold"
        ))
        .into());
    }
    let named = config.identity.signals_on.iter().chain(&config.identity.signals_off);
    for name in named {
        if !signal::all().any(|one| one.id == name || one.name == name) {
            return Err(UsageError(format!(
                "{file}: there is no signal `{}`; `leaktrace identity policy show` lists them",
                escape(name.as_bytes())
            ))
            .into());
        }
    }
    Ok(())
}

/// The push: from a file, else from the CI that this runs in.
fn events_of(
    arguments: &PeopleArguments,
    settings: &IdentitySettings,
) -> anyhow::Result<Vec<PushEvent>> {
    let mut events = Vec::new();
    if let Some(path) = &arguments.event {
        let bytes = read(path, PAYLOAD)?;
        // Whoever names the file says where it comes from.
        events = event::payload(&shown(path), &bytes, None, true)?;
    }
    for path in &arguments.activity {
        let Some(repository) = &settings.repository else {
            let hint = "--activity names no repository: set identity.repository to HOST/OWNER/NAME";
            return Err(UsageError(hint.to_owned()).into());
        };
        let records = activity::read(&shown(path), &read(path, activity::MAX_BYTES)?)?;
        if records.is_empty() {
            terminal::warn(&format!("{}: an empty record, which says nothing", shown(path)));
        }
        events.extend(records.iter().filter_map(|record| record.event(repository)));
    }
    if arguments.event.is_some() || !arguments.activity.is_empty() {
        return Ok(events);
    }
    let around = Surroundings {
        env: &|name| env::var_os(name),
        read_file: &|path, limit| {
            let mut bytes = Vec::new();
            File::open(path)?.take(limit).read_to_end(&mut bytes)?;
            Ok(bytes)
        },
        pinned: settings.workflow_pinned,
    };
    Ok(event::detect(&around)?.into_iter().collect())
}

fn aliases(config: &Config) -> anyhow::Result<Option<Mailmap>> {
    let Some(path) = &config.identity.aliases else { return Ok(None) };
    let path = config.resolve(Path::new(""), path)?;
    let mailmap = Mailmap::parse(&read(&path, LARGEST)?);
    if let Some(line) = mailmap.faults().first() {
        return Err(UsageError(format!("{}:{line}: this is no alias", shown(&path))).into());
    }
    Ok(Some(mailmap))
}

fn signers(config: &Config) -> anyhow::Result<signature::Memory> {
    let mut keys = signature::Memory::new();
    let Some(path) = &config.identity.allowed_signers else { return Ok(keys) };
    let path = config.resolve(Path::new(""), path)?;
    let text = read(&path, LARGEST)?;
    if let Some(fault) = keys.add_allowed_signers(&String::from_utf8_lossy(&text)).first() {
        return Err(UsageError(format!("{}: {fault}", shown(&path))).into());
    }
    Ok(keys)
}

fn facts(path: &Path) -> anyhow::Result<Afterwards> {
    let facts: Afterwards = serde_json::from_slice(&read(path, LARGEST)?)
        .with_context(|| format!("{}: these are no facts (docs/identity.md)", shown(path)))?;
    if facts.version != 1 {
        return Err(UsageError(format!("{}: write \"version\": 1", shown(path))).into());
    }
    Ok(facts)
}

/// A file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let name = shown(path);
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    file.take(limit + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > limit {
        anyhow::bail!("{name} is larger than {limit} bytes");
    }
    Ok(bytes)
}

/// A token out of the first variable that is set.
pub fn variable(names: &[&str]) -> Option<Secret> {
    let value = names.iter().find_map(|name| env::var_os(name).filter(|value| !value.is_empty()));
    value.map(|value| Secret::new(value.into_encoded_bytes()))
}

/// A path as messages show it.
pub fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
