/** The same tables as in PostgreSQL, created where they are missing. */
export const SQLITE_SCHEMA = `
CREATE TABLE IF NOT EXISTS sluice_queues (
  name TEXT PRIMARY KEY,
  tat REAL NOT NULL DEFAULT 0,
  numbers_from REAL NOT NULL DEFAULT 0,
  numbers INTEGER NOT NULL DEFAULT 0,
  read_at REAL NOT NULL DEFAULT 0,
  is_paused INTEGER NOT NULL DEFAULT 0,
  patch TEXT NOT NULL DEFAULT '{}',
  jobs INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sluice_keys (
  queue TEXT NOT NULL,
  identity TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL,
  lease TEXT NOT NULL,
  lease_until REAL NOT NULL,
  keep_until REAL NOT NULL,
  committed TEXT,
  answer_status INTEGER,
  answer_headers TEXT,
  answer_body BLOB,
  ticket TEXT,
  at REAL,
  not_before REAL,
  attempts INTEGER,
  bytes INTEGER,
  request TEXT,
  request_body BLOB,
  PRIMARY KEY (queue, identity, key)
);
CREATE UNIQUE INDEX IF NOT EXISTS sluice_keys_ticket ON sluice_keys (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX IF NOT EXISTS sluice_keys_line ON sluice_keys (queue, at, key) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS sluice_keys_leases ON sluice_keys (queue, lease_until)
  WHERE state = 'running' AND ticket IS NOT NULL;
CREATE INDEX IF NOT EXISTS sluice_keys_kept ON sluice_keys (queue, keep_until);
CREATE TABLE IF NOT EXISTS sluice_slots (
  queue TEXT NOT NULL,
  serial INTEGER NOT NULL,
  kept_until REAL NOT NULL,
  PRIMARY KEY (queue, serial)
);
`;
