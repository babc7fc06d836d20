//! What outlives a run, in one `SQLite` file: the directory of people (`people`) and pushes that were
//! seen (`pushes`). Beside it lie the key for pseudonyms and the audit log (`audit`).
//!
//! One connection owned by one thread; everything that belongs together is one transaction.

pub mod audit;
mod people;
mod pushes;

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Row as _, SqliteConnection};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::identity;
use crate::identity::pseudonym::PseudonymKey;
use crate::model::Secret;
use crate::model::text::escape;

pub use people::{Changes, Run};
pub use pushes::{Push, Spread};

/// What leads from one version of the schema to the next, from 0 (an empty file) on; the version is
/// kept in `SQLite`'s `user_version`.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("schema-2.sql"), include_str!("schema-3.sql")];

/// Marks the file as leaktrace's, in `SQLite`'s `application_id`: "LTRC".
const APPLICATION: i64 = 0x4c54_5243;

/// The file's name in its folder.
pub const FILE: &str = "people.sqlite";

const KEY_FILE: &str = "pseudonym.key";

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or its folder.
    #[error("{path}: {source}")]
    Io {
        /// The path, escaped.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file that is something else, or of another version.
    #[error("{path}: {why}")]
    Refused {
        /// The path, escaped.
        path: String,
        /// Why, and the way out.
        why: String,
    },
    /// The database.
    #[error("the store: {0}")]
    Database(#[from] sqlx::Error),
}

impl From<Error> for identity::Error {
    fn from(error: Error) -> Self {
        identity::Error::Store(error.to_string())
    }
}

/// The store, open.
pub struct Store {
    runtime: Runtime,
    connection: Mutex<SqliteConnection>,
    answers: std::sync::Mutex<people::Answers>,
    folder: Option<PathBuf>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in `folder`, which is made if it is not there, for its owner's eyes only.
    pub fn open(folder: &Path) -> Result<Store, Error> {
        let io = |source| Error::Io { path: shown(folder), source };
        private_folder(folder).map_err(io)?;
        let file = folder.join(FILE);
        if !file.exists() {
            private_file(&file).map_err(|source| Error::Io { path: shown(&file), source })?;
        }
        let options = SqliteConnectOptions::new().filename(&file);
        Store::connect(options, Some(folder))
    }

    /// Opens the store in `folder` if there is one.
    pub fn open_existing(folder: &Path) -> Result<Option<Store>, Error> {
        if folder.join(FILE).is_file() { Store::open(folder).map(Some) } else { Ok(None) }
    }

    /// A store in memory, for one run.
    pub fn in_memory() -> Result<Store, Error> {
        Store::connect(SqliteConnectOptions::new().in_memory(true), None)
    }

    fn connect(options: SqliteConnectOptions, folder: Option<&Path>) -> Result<Store, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let path = folder.map(|folder| shown(&folder.join(FILE))).unwrap_or_default();
        let runtime = runtime.map_err(|source| Error::Io { path: path.clone(), source })?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .statement_cache_capacity(64)
            .disable_statement_logging();
        let connection = runtime.block_on(async {
            let mut connection = options.connect().await.map_err(|error| foreign(error, &path))?;
            prepare(&mut connection, &path).await?;
            Ok::<_, Error>(connection)
        })?;
        let folder = folder.map(Path::to_owned);
        let (connection, answers) = (Mutex::new(connection), std::sync::Mutex::default());
        Ok(Store { runtime, connection, answers, folder })
    }

    /// Where it lies; none in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Runs `work` on the connection.
    fn with<T, E>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.runtime.block_on(async {
            let mut connection = self.connection.lock().await;
            work(&mut connection).await
        })
    }

    /// The organisation's key for pseudonyms, made by chance when there is none yet.
    pub fn pseudonym_key(&self) -> Result<Option<PseudonymKey>, Error> {
        let Some(folder) = &self.folder else { return Ok(None) };
        if let Some(key) = key_beside(folder)? {
            return Ok(Some(key));
        }
        let path = folder.join(KEY_FILE);
        let io = |source| Error::Io { path: shown(&path), source };
        let mut bytes = vec![0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|_| io(io::Error::other("the system gives no random bytes")))?;
        let mut file = private_file(&path).map_err(io)?;
        io::Write::write_all(&mut file, &bytes).map_err(io)?;
        key_of(bytes, &path).map(Some)
    }
}

/// The key for pseudonyms that lies in `folder`, if there is one.
pub fn key_beside(folder: &Path) -> Result<Option<PseudonymKey>, Error> {
    let path = folder.join(KEY_FILE);
    match fs::read(&path) {
        Ok(bytes) => key_of(bytes, &path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io { path: shown(&path), source }),
    }
}

fn key_of(bytes: Vec<u8>, path: &Path) -> Result<PseudonymKey, Error> {
    PseudonymKey::new(Secret::new(bytes)).ok_or_else(|| Error::Refused {
        path: shown(path),
        why: "shorter than 16 bytes; restore it, or remove it for new pseudonyms".to_owned(),
    })
}

/// `SQLITE_NOTADB` is a file of something else; the rest are errors of the database.
fn foreign(error: sqlx::Error, path: &str) -> Error {
    let code = error.as_database_error().and_then(|error| error.code().map(Cow::into_owned));
    if code.as_deref() != Some("26") {
        return Error::Database(error);
    }
    Error::Refused {
        path: path.to_owned(),
        why: "this is no leaktrace store; move it away or name another folder".to_owned(),
    }
}

async fn prepare(connection: &mut SqliteConnection, path: &str) -> Result<(), Error> {
    let number = async |connection: &mut SqliteConnection, what: &'static str| {
        let row = connection.fetch_one(what).await?;
        row.try_get::<i64, _>(0)
    };
    let refused = |why: &str| Error::Refused { path: path.to_owned(), why: why.to_owned() };
    let application = number(connection, "PRAGMA application_id").await?;
    let version = number(connection, "PRAGMA user_version").await?;
    let tables = number(connection, "SELECT count(*) FROM sqlite_schema").await?;
    if application != APPLICATION && (application, version, tables) != (0, 0, 0) {
        return Err(refused("a database of another program"));
    }
    let Some(steps) = usize::try_from(version).ok().and_then(|done| MIGRATIONS.get(done..)) else {
        return Err(refused(
            "made by a newer version of leaktrace; use that one, or export from it and import here",
        ));
    };
    if steps.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    for step in steps {
        transaction.execute(*step).await?;
    }
    let marks = format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}",
        MIGRATIONS.len()
    );
    transaction.execute(sqlx::AssertSqlSafe(marks)).await?;
    transaction.commit().await?;
    Ok(())
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
