-- Grants are looked up by holder and resource: both stand at the beginning of their key, so that a
-- team with ten thousand repositories answers for one of them alone.
CREATE INDEX statement_by_grant ON statement (name, key) WHERE kind = 'grant';
