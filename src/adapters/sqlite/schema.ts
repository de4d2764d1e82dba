import { StoreFault } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { integer } from './rows.ts';

/**
 * Forward only: a released migration is never edited, the next one is added below it. Its place (from 1) is the
 * schema's number, kept in `user_version`. A migration must leave tables that the previous release can still use.
 *
 * Times are whole ms since the epoch; JSON is canonical text.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE rollout (
    ordinal      INTEGER PRIMARY KEY,          -- in order of creation
    id           TEXT    NOT NULL UNIQUE,
    target       TEXT    NOT NULL,
    plan         TEXT    NOT NULL,
    plan_digest  TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    cursor       TEXT,
    version      INTEGER NOT NULL,             -- raised by every commit
    fence        INTEGER NOT NULL,             -- raised by every claim
    last_seq     INTEGER NOT NULL,
    head_hash    TEXT    NOT NULL,             -- of the event last_seq
    next_tick_at INTEGER,                      -- null: finished
    lease_owner  TEXT,
    lease_until  INTEGER NOT NULL DEFAULT 0,
    woken        INTEGER NOT NULL DEFAULT 0,   -- 1: a message has come in since the claim
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX rollout_due ON rollout (next_tick_at) WHERE next_tick_at IS NOT NULL;

  CREATE TABLE event (
    rollout_id TEXT    NOT NULL REFERENCES rollout (id),
    seq        INTEGER NOT NULL,
    gate_epoch INTEGER,
    body       TEXT    NOT NULL,               -- exactly the text that hash is the SHA-256 of
    hash       TEXT    NOT NULL,
    PRIMARY KEY (rollout_id, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX event_gate ON event (rollout_id, gate_epoch) WHERE gate_epoch IS NOT NULL;

  CREATE TABLE effect (
    rollout_id TEXT    NOT NULL,
    seq        INTEGER NOT NULL,               -- of the event that intends it
    kind       TEXT    NOT NULL CHECK (kind IN ('exposure', 'tell')),
    desired    TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('pending', 'done', 'superseded')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    PRIMARY KEY (rollout_id, seq, kind),
    FOREIGN KEY (rollout_id, seq) REFERENCES event (rollout_id, seq)
  ) STRICT;
  CREATE INDEX effect_pending ON effect (rollout_id, seq) WHERE status = 'pending';

  CREATE TABLE evidence (
    digest TEXT NOT NULL PRIMARY KEY,
    body   TEXT NOT NULL
  ) STRICT;

  CREATE TABLE inbox (
    ordinal     INTEGER PRIMARY KEY,           -- in order of arrival
    source      TEXT    NOT NULL,
    delivery_id TEXT    NOT NULL,
    rollout_id  TEXT    NOT NULL,              -- perhaps not created yet, so no foreign key
    received_at INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    handled_seq INTEGER,                       -- the log's last seq when handled; null: pending
    UNIQUE (source, delivery_id)
  ) STRICT;
  CREATE INDEX inbox_pending ON inbox (rollout_id) WHERE handled_seq IS NULL;
  `,
];

/**
 * Brings the schema up to this binary's, all in one transaction, so that a crash in between or a second process
 * starting at once leaves either the old schema or the new. Throws `StoreFault` `newer_schema` and changes nothing
 * when a later Sluice has been here.
 */
export function migrate(connection: Connection): void {
  connection.transaction(() => {
    const found = integer(connection.first('PRAGMA user_version', {}) ?? {}, 'user_version');
    if (found > MIGRATIONS.length) {
      throw new StoreFault(
        'newer_schema',
        `${connection.path} was written by a newer Sluice (schema ${found}; this one knows ${MIGRATIONS.length}). ` +
          'Run that version, or restore the backup made before the upgrade.',
      );
    }
    for (const sql of MIGRATIONS.slice(found)) connection.script(sql);
    connection.script(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}
