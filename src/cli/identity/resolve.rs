//! `leaktrace identity resolve`: who is behind a commit, an address or a login, and why leaktrace
//! thinks so.

use std::path::PathBuf;

use clap::Args;

use super::super::exit::UsageError;
use super::super::people::{self, shown};
use super::super::{Exit, scan, terminal};
use super::{Common, Place, day};
use crate::identity::actor::{Actor, ActorRole, Evidence, Standing};
use crate::identity::day::last_day;
use crate::identity::email;
use crate::identity::resolve::{Claim, Name, Resolver, resources_of};
use crate::identity::{HandleKind, Moment};
use crate::model::text::escape;
use crate::pipeline::people::{People, resolve_commit};
use crate::source::repository::Repository;
use crate::store::Store;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// A commit, an address, or a login (github.com/octocat; octocat, where one forge has it)
    #[arg(value_name = "COMMIT|EMAIL|LOGIN")]
    what: String,
    /// The repository of the commit
    #[arg(long, value_name = "PATH", default_value = ".")]
    repository: PathBuf,
    /// As of when: 2026-01-31, 2026-01-31T12:00:00Z or 14d [default: the commit's time, else now]
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// Payload of the push that brought the commit, as the forge sent it [default: what the CI's
    /// variables say]
    #[arg(long, value_name = "PATH")]
    event: Option<PathBuf>,
    /// Show names in place of pseudonyms. It is recorded in the audit log
    #[arg(long)]
    reveal_identities: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let place = arguments.common.place()?;
    let what = arguments.what.as_str();
    let mut config = place.config.clone();
    // Asking who somebody is needs no policy for judging them; names still do.
    config.identity.enabled = true;
    if config.identity.store.is_none() || arguments.common.store.is_some() {
        let path = std::path::absolute(&place.folder)?;
        config.identity.store = Some(crate::config::Located { value: path, line: 0 });
    }
    let asked =
        people::PeopleArguments::resolving(arguments.event.clone(), arguments.reveal_identities);
    let prepared = people::prepare(&asked, &place.environment, Some(&config), place.now)?;
    let people = prepared.ok_or_else(|| UsageError("nothing to resolve with".to_owned()))?;
    let is_commit =
        what.len() >= 7 && what.bytes().all(|byte| byte.is_ascii_hexdigit()) || what == "HEAD";
    if is_commit {
        return commit(arguments, &place, &people);
    }
    let at = match &arguments.at {
        Some(date) => scan::since(date, place.now)
            .ok_or_else(|| UsageError("--at: write 2026-01-31, a time, or 14d".to_owned()))?,
        None => place.now,
    };
    let resolver = Resolver {
        directory: &people.store,
        at: Moment::at(at),
        now: place.now,
        resources: people.settings.repository.as_deref().map(resources_of).unwrap_or_default(),
        stale_after: people.settings.stale_after,
        pseudonyms: &people.pseudonyms,
    };
    let actor = resolver.resolve(claim(what, &people)?)?;
    let asked = if what.contains('@') { ASKED_ADDRESS } else { ASKED_LOGIN };
    show(&actor, Some(asked), people.reveal)?;
    Ok(Exit::Clean)
}

/// What stands in the place of a role where nobody acted: somebody asked.
const ASKED_ADDRESS: &str = "the address you asked for";
const ASKED_LOGIN: &str = "the login you asked for";

/// What an address or login on its own claims. Its role is of no meaning: nobody has acted.
fn claim(what: &str, people: &People) -> anyhow::Result<Claim> {
    let mut names = Vec::new();
    let mut add = |evidence, kind, realm: &str, value: String, via| {
        names.push(Name { evidence, kind, realm: realm.to_owned(), value, via });
    };
    let mut bot = false;
    if what.contains('@') {
        if let email::Kind::NoReply { host, id, login, bot: is_bot } =
            email::classify(what, &people.forges)
        {
            bot = is_bot;
            if let Some(id) = id {
                let via = "the account's number in the address";
                add(Evidence::ForgeLink, HandleKind::Account, &host, id, via);
            }
            add(Evidence::Login, HandleKind::Login, &host, login, "the login in the address");
        }
        add(Evidence::Email, HandleKind::Email, "", email::normal(what), ASKED_ADDRESS);
    } else {
        let (realm, value) = login(what, &people.store)?;
        add(Evidence::ForgeLink, HandleKind::Login, &realm, value, ASKED_LOGIN);
    }
    let email = if what.contains('@') { escape(what.as_bytes()) } else { String::new() };
    let login = (!what.contains('@')).then(|| escape(what.as_bytes()));
    Ok(Claim { role: ActorRole::Author, name: String::new(), email, login, bot, names })
}

/// Forge and login: a login on its own is of the one forge at which the directory has it.
fn login(what: &str, store: &Store) -> anyhow::Result<(String, String)> {
    if let Some((realm, login)) = what.rsplit_once('/') {
        return Ok((realm.to_owned(), login.to_lowercase()));
    }
    let login = what.to_lowercase();
    let forges = store.forges_of_login(&login)?;
    let shown = escape(what.as_bytes());
    match forges.as_slice() {
        [one] => Ok((one.clone(), login)),
        [] => Err(UsageError(format!(
            "`{shown}` is no commit or address, and no login that the directory has; write a login \
             with its forge: github.com/octocat"
        ))
        .into()),
        several => {
            let all = several.iter().map(|forge| format!("{}/{shown}", escape(forge.as_bytes())));
            Err(UsageError(format!(
                "several forges have a login `{shown}`; write it with its forge: {}",
                all.collect::<Vec<_>>().join(", ")
            ))
            .into())
        }
    }
}

fn commit(arguments: &Arguments, place: &Place, people: &People) -> anyhow::Result<Exit> {
    let path = &arguments.repository;
    let absolute = path
        .canonicalize()
        .map_err(|error| UsageError(format!("--repository {}: {error}", shown(path))))?;
    let repo = Repository::discover(&absolute)?.ok_or_else(|| {
        UsageError(format!("{} is no git repository; name one with --repository", shown(path)))
    })?;
    let found = resolve_commit(&repo, people, &arguments.what, place.now)?;
    let subject = found.ok_or_else(|| {
        UsageError(format!(
            "there is no commit `{}` in {}",
            escape(arguments.what.as_bytes()),
            shown(path)
        ))
    })?;
    let word = if subject.time_from_server { "taken by the server" } else { "by its own clock" };
    terminal::say(&format!("commit {} of {} ({word})", subject.commit.id, day(subject.time)))?;
    terminal::say(&format!(
        "signature  {}{}",
        subject.signature.state.as_str(),
        if subject.signature.why.is_empty() {
            String::new()
        } else {
            format!(": {}", subject.signature.why)
        }
    ))?;
    if let Some(base) = subject.base {
        terminal::say(&format!("mailmap and code owners are read from {base}"))?;
    }
    for actor in &subject.actors {
        terminal::say("")?;
        show(actor, None, people.reveal)?;
    }
    if !subject.actors.iter().any(|actor| actor.role == ActorRole::Pusher) {
        terminal::say("\npusher     not known: a commit does not say who pushed it; see --event")?;
    }
    Ok(Exit::Clean)
}

/// One resolution; `asked` says that it is of a bare name, which has no role and no evidence;
/// `names` shows what it went by.
fn show(actor: &Actor, asked: Option<&str>, names: bool) -> anyhow::Result<()> {
    let standing = actor.standing.as_ref();
    let known = standing.and_then(|one| one.name.as_deref());
    let who = match known.filter(|_| names) {
        Some(name) => format!("{name} (person-{})", actor.pseudonym),
        None => format!("person-{}", actor.pseudonym),
    };
    match asked {
        Some(asked) => terminal::say(&format!("{asked}: {who}"))?,
        None => terminal::say(&format!("{:<10} {who}", actor.role.as_str()))?,
    }
    for (number, step) in actor.steps.iter().enumerate() {
        let value = if names && !step.value.is_empty() {
            format!(" {}", step.value)
        } else {
            String::new()
        };
        terminal::say(&format!("  {}. {}{value}: {}", number + 1, step.via, step.outcome))?;
    }
    if asked.is_none() {
        terminal::say(&format!(
            "  evidence   {} (rank {} of 8, {} in 100 sure)",
            actor.evidence.as_str(),
            actor.evidence.rank(),
            actor.confidence
        ))?;
    }
    let class = actor.class.as_str();
    let class = match standing {
        Some(one) => {
            let ended = one.ended().map(|ended| format!(", {ended}")).unwrap_or_default();
            format!("{class}, {} {}{}{ended}", one.status, one.kind, inactive(one))
        }
        None => class.to_owned(),
    };
    terminal::say(&format!("  standing   {class}"))?;
    rights(standing)?;
    if let Some(resembles) = &actor.resembles {
        terminal::say(&format!("  beware     {resembles}"))?;
    }
    Ok(())
}

/// Since when somebody is no longer active: by their last day, where that is known.
fn inactive(standing: &Standing) -> String {
    match (standing.inactive_since, standing.end) {
        (Some(since), Some(end)) if since == end => {
            last_day(end).map(|day| format!(", last day {day}")).unwrap_or_default()
        }
        (Some(since), _) => format!(", not active since {}", day(since)),
        (None, _) => String::new(),
    }
}

fn rights(standing: Option<&Standing>) -> anyhow::Result<()> {
    for (word, right) in [
        ("then", standing.and_then(|one| one.then.as_ref())),
        ("now", standing.and_then(|one| one.now.as_ref())),
        ("expired", standing.and_then(|one| one.expired.as_ref())),
    ] {
        if let Some(right) = right {
            terminal::say(&format!(
                "  {word:<10} {} on {}, by {}{} [{}]",
                right.role,
                right.resource,
                right.origin,
                right
                    .expires
                    .and_then(last_day)
                    .map(|day| format!(", until {day}"))
                    .unwrap_or_default(),
                right.source
            ))?;
        }
    }
    Ok(())
}
