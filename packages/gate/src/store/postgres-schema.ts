/** Created where it is missing. `sluice_` is the prefix of all names. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS sluice_queues (
  name text PRIMARY KEY,
  tat double precision NOT NULL DEFAULT 0,
  numbers_from double precision NOT NULL DEFAULT 0,
  numbers bigint NOT NULL DEFAULT 0,
  read_at double precision NOT NULL DEFAULT 0,
  is_paused boolean NOT NULL DEFAULT false,
  patch text NOT NULL DEFAULT '{}',
  jobs bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  accepted bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);
CREATE TABLE IF NOT EXISTS sluice_keys (
  queue text NOT NULL,
  identity text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  state text NOT NULL,
  lease text NOT NULL,
  lease_until double precision NOT NULL,
  keep_until double precision NOT NULL,
  committed text,
  answer_status integer,
  answer_headers text,
  answer_body bytea,
  ticket text,
  at double precision,
  not_before double precision,
  attempts integer,
  bytes bigint,
  request text,
  request_body bytea,
  PRIMARY KEY (queue, identity, key)
);
CREATE UNIQUE INDEX IF NOT EXISTS sluice_keys_ticket ON sluice_keys (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX IF NOT EXISTS sluice_keys_line ON sluice_keys (queue, at, key) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS sluice_keys_leases ON sluice_keys (queue, lease_until)
  WHERE state = 'running' AND ticket IS NOT NULL;
CREATE INDEX IF NOT EXISTS sluice_keys_kept ON sluice_keys (queue, keep_until);
CREATE TABLE IF NOT EXISTS sluice_slots (
  queue text NOT NULL,
  serial bigint NOT NULL,
  kept_until double precision NOT NULL,
  PRIMARY KEY (queue, serial)
);
`;

/** Serialises those who create the schema: IF NOT EXISTS alone fails where two do so at once. Any number will do. */
export const SCHEMA_LOCK = 7_302_461;

/** Columns of a key without the stored request, in the order of `rowValues`. */
export const KEY_COLUMNS = [
  ['queue', 'text'],
  ['identity', 'text'],
  ['key', 'text'],
  ['fingerprint', 'text'],
  ['state', 'text'],
  ['lease', 'text'],
  ['lease_until', 'double precision'],
  ['keep_until', 'double precision'],
  ['committed', 'text'],
  ['answer_status', 'integer'],
  ['answer_headers', 'text'],
  ['answer_body', 'bytea'],
  ['ticket', 'text'],
  ['at', 'double precision'],
  ['not_before', 'double precision'],
  ['attempts', 'integer'],
  ['bytes', 'bigint'],
] as const;
