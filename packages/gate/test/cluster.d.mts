import type pg from 'pg';

/** A PostgreSQL server of a test: a cluster in a folder of its own, reached by a Unix socket in it, so that it needs no port. */
export interface Cluster {
  readonly folder: string;
  pool(options?: pg.PoolConfig): pg.Pool;
  /** Starts it, also after it was killed, and waits until it takes connections. */
  start(settings?: Record<string, string>): Promise<void>;
  /** `kill -9` of the postmaster. */
  kill(): Promise<void>;
  /** A standby that the primary waits for at each commit from now on. */
  standby(): Promise<Cluster>;
  promote(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** @throws Error where PostgreSQL is not here: `npm test` installs it on Debian */
export function createCluster(settings?: Record<string, string>): Promise<Cluster>;
