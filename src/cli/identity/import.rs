//! `leaktrace identity import`.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::super::exit::UsageError;
use super::super::people::{self, shown};
use super::super::{Exit, scan, terminal};
use super::{Common, Place};
use crate::identity::import::{self, Format, Imported, Mapping};
use crate::identity::{Authority, Found, Record};
use crate::model::text::escape;
use crate::store::Store;

/// Records that are put back at once.
const BATCH: usize = 1_000;

/// Teams that nobody is in, told by name.
const TEAMS: usize = 10;

/// Largest mapping, bytes.
const MAPPING: u64 = 1 << 20;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// The file: CSV, YAML or JSON, by its ending
    file: PathBuf,
    /// Name of the source. The same name replaces what it said before [default: the file's name]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// How the file is written: csv, yaml, json
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// How its columns and words are read (docs/identity-import.md)
    #[arg(long, value_name = "PATH")]
    mapping: Option<PathBuf>,
    /// Of when the file speaks: 2026-01-31 or 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// How much it has to say of who somebody is: personnel, directory or forge
    #[arg(long, value_name = "WORD", default_value = "personnel", value_parser = authority)]
    authority: Authority,
    /// The file is an export with history, of `leaktrace identity export --history`
    #[arg(long, conflicts_with_all = ["source", "mapping", "as_of", "authority"])]
    history: bool,
}

/// The authority that a word names.
pub fn authority(word: &str) -> Result<Authority, String> {
    match word {
        "personnel" => Ok(Authority::Personnel),
        "directory" => Ok(Authority::Directory),
        "forge" => Ok(Authority::Forge),
        _ => Err("use one of personnel, directory, forge".to_owned()),
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let place = arguments.common.place()?;
    let name = shown(&arguments.file);
    let format = match arguments.format {
        Some(format) => format,
        None => Format::of_name(&arguments.file.to_string_lossy()).ok_or_else(|| {
            UsageError(format!("{name}: say how it is written with --format csv, yaml or json"))
        })?,
    };
    let file = File::open(&arguments.file).with_context(|| format!("cannot read {name}"))?;
    let store = place.open()?;
    if arguments.history {
        return restore(&place, &store, &name, file, format);
    }
    let as_of = match &arguments.as_of {
        Some(date) => scan::since(date, place.now)
            .ok_or_else(|| UsageError(format!("--as-of: `{}` is no date", date.escape_debug())))?,
        None => place.now,
    };
    if as_of > place.now.saturating_add(86_400) {
        let hint = "--as-of lies ahead: a snapshot cannot speak of what is still to come";
        return Err(UsageError(hint.to_owned()).into());
    }
    let mapping = match &arguments.mapping {
        Some(path) => Mapping::parse(&shown(path), &people::read(path, MAPPING)?)?,
        None => Mapping::default(),
    };
    let stem = arguments.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let source = arguments.source.clone().or(stem).unwrap_or_else(|| "file".to_owned());
    let mut run = store.begin(&source, arguments.authority, as_of, true)?;
    let read = import::read(&name, file, format, &mapping, &mut run, as_of);
    let imported = match read.map_err(anyhow::Error::from).and_then(|imported| {
        fits(&name, &imported, arguments.authority)?;
        Ok(imported)
    }) {
        Ok(imported) => imported,
        Err(error) => {
            // A file that is refused leaves the source as it was.
            run.abandon()?;
            return Err(error);
        }
    };
    let changes = run.finish_whole()?;
    let shown_source = escape(source.as_bytes());
    place.record("import", &format!("{shown_source}: {} people", imported.people))?;
    terminal::say(&format!(
        "{shown_source}: {} people, {} statements: {} new, {} changed, {} gone, {} as before",
        imported.people, imported.records, changes.new, changes.changed, changes.gone, changes.same
    ))?;
    if imported.of_rights {
        empty_teams(&store, &source)?;
    }
    Ok(Exit::Clean)
}

/// Whether a file is one that can be taken at all.
fn fits(name: &str, imported: &Imported, authority: Authority) -> anyhow::Result<()> {
    if imported.records == 0 {
        anyhow::bail!("{name}: it says nothing of anybody; nothing was changed");
    }
    if imported.of_rights && authority == Authority::Personnel {
        let hint = "a file of rights says who may do what, and not who is employed: import it with \
                    --authority forge, or directory where everybody in it belongs to the house";
        return Err(UsageError(format!("{name}: {hint}")).into());
    }
    Ok(())
}

/// Notes teams with rights that nobody is in: their rights are nobody's, or their name is another
/// elsewhere.
fn empty_teams(store: &Store, source: &str) -> anyhow::Result<()> {
    let teams = store.empty_teams(source)?;
    for team in teams.iter().take(TEAMS) {
        terminal::warn(&format!(
            "team:{} holds rights, and nobody of any source is in it",
            escape(team.as_bytes())
        ));
    }
    if let Some(more) = teams.len().checked_sub(TEAMS).filter(|more| *more > 0) {
        terminal::warn(&format!("and {more} more teams that nobody is in"));
    }
    Ok(())
}

fn restore(
    place: &Place,
    store: &Store,
    name: &str,
    file: File,
    format: Format,
) -> anyhow::Result<Exit> {
    let mut batch: Vec<Found<Record>> = Vec::new();
    let mut new: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    let imported = import::read_history(name, file, format, &mut |found| {
        if !new.contains(&found.source) {
            if store.knows(&found.source)? {
                return Err(crate::identity::Error::Question(format!(
                    "`{}` is in the store already; forget it first, or use another store",
                    escape(found.source.as_bytes())
                )));
            }
            new.insert(found.source.clone());
        }
        batch.push(found);
        if batch.len() == BATCH {
            store.restore(&std::mem::take(&mut batch))?;
        }
        Ok(())
    })?;
    store.restore(&batch)?;
    place.record("import", &format!("history of {} sources", new.len()))?;
    terminal::say(&format!("{} statements of {} sources", imported.records, new.len()))?;
    Ok(Exit::Clean)
}
