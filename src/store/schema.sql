-- The embedded store. Times are seconds since 1970-01-01 UTC. A statement holds from valid_from up to
-- valid_to, and was known from recorded_from up to recorded_to; the ends of the integer range stand
-- for "always" and "until further notice".

CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    authority TEXT NOT NULL CHECK (authority IN ('forge', 'directory', 'personnel')),
    -- When the newest complete snapshot was made; NULL before the first.
    as_of INTEGER,
    -- A run that has begun and not ended: its time and where it stopped.
    running_as_of INTEGER,
    cursor TEXT,
    -- What the newest run could not read: a JSON list of texts.
    missing TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE statement (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'handle', 'grant', 'resource')),
    key TEXT NOT NULL,
    -- What it is looked up by: a handle's name, a person's id, a grant's holder, a resource's id.
    name TEXT NOT NULL,
    -- The person a handle or grant belongs to, or the resource of a grant.
    belongs TEXT NOT NULL,
    -- For addresses: what they look like; see identity::email::lookalike.
    skeleton TEXT,
    -- The record as JSON.
    body TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL CHECK (valid_to >= valid_from),
    recorded_from INTEGER NOT NULL,
    recorded_to INTEGER NOT NULL CHECK (recorded_to >= recorded_from),
    known_since INTEGER NOT NULL,
    as_of INTEGER NOT NULL
) STRICT;

CREATE INDEX statement_by_name ON statement (kind, name, valid_from);
CREATE INDEX statement_by_skeleton ON statement (skeleton) WHERE skeleton IS NOT NULL;
CREATE INDEX statement_by_belongs ON statement (kind, belongs);
CREATE INDEX statement_by_key ON statement (source, kind, key) WHERE recorded_to = 9223372036854775807
    AND valid_to = 9223372036854775807;

-- What a run has read so far.
CREATE TABLE incoming (
    source INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    belongs TEXT NOT NULL,
    skeleton TEXT,
    -- Since when it holds, by its own word.
    effective INTEGER,
    -- A person's first day.
    started INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (source, kind, key)
) STRICT, WITHOUT ROWID;

-- Pushes that were seen, for baselines; people by pseudonym.
CREATE TABLE push (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    repository TEXT NOT NULL,
    ref TEXT NOT NULL,
    tip TEXT NOT NULL,
    UNIQUE (repository, ref, tip)
) STRICT;

CREATE INDEX push_by_actor ON push (actor, time);
