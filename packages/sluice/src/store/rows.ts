import type { Owner } from '../core/identity.js';
import type { Job, Result, Secrets, Ticket } from '../core/job.js';
import type { Pace } from '../core/pace.js';
import type { QueueRow } from '../core/queue-row.js';

/** A body, apart from its job so that planning, listing and counting never load it. */
export interface BodyRow {
  queue: string;
  seq: number;
  body: ArrayBuffer;
}

/** One send that was charged: the sliding log of the pace, and the engine's own record. */
export interface SendRow {
  /** Its queue, and once more its destination where that has a rate of its own. */
  queue: string;
  /** The number of its last unit. */
  n: number;
  units: number;
  /** The instant it was charged for. */
  at: number;
  idempotencyKey: string;
  attempt: number;
  leaseId: string;
}

/** The pace of a destination, which the queues that send there share. Its sends are rows under its origin. */
export interface PaceRow {
  origin: string;
  pace: Pace;
}

/** A fairness key with live jobs: how many, and the place of the last. */
export interface FlowRow {
  queue: string;
  owner: Owner;
  priority: number;
  key: string;
  end: number;
  live: number;
}

/** A dedupe key that is remembered, and the job that it stands for. */
export interface TwinRow {
  queue: string;
  owner: Owner;
  key: string;
  seq: number;
  ticket: Ticket;
  expiresAt: number;
  /** More than one call has submitted it: the signal of none cancels it. */
  shared?: true;
}

/** A user, or nobody. */
export interface OwnerRow {
  owner: Owner;
  /** '' is nobody. Absent once the user is forgotten: nothing more is stored for this owner, and the row goes last. */
  user?: string;
  /** Seals their secrets; made when it is first needed. */
  cryptoKey?: CryptoKey;
  /** The keys of those whose jobs they have adopted, by their numbers. */
  inherited?: Record<number, CryptoKey>;
  /** Keys that went along with jobs that others have adopted: what is left from before opens by them. */
  retired?: Record<number, CryptoKey>;
  /** What `setContext` has handed over, until somebody else signs in. */
  context?: Secrets;
}

/** What an app has one of. */
export type MetaRow =
  | { key: 'database'; born: string }
  | { key: 'leader'; engine: string; at: number }
  /** Who is signed in, since when, and the number of the next owner. `since` is absent where nobody else was before. */
  | { key: 'identity'; owner: Owner; next: Owner; since?: number }
  | { key: 'versions'; protocol: number; schema: number };

/** Every object store, its key and its row. */
export interface Tables {
  jobs: { key: [queue: string, seq: number]; row: Job };
  bodies: { key: [queue: string, seq: number]; row: BodyRow };
  queues: { key: string; row: QueueRow };
  sends: { key: [queue: string, n: number]; row: SendRow };
  results: { key: [queue: string, seq: number]; row: Result };
  paces: { key: string; row: PaceRow };
  flows: { key: [queue: string, owner: Owner, priority: number, key: string]; row: FlowRow };
  twins: { key: [queue: string, owner: Owner, key: string]; row: TwinRow };
  owners: { key: Owner; row: OwnerRow };
  meta: { key: MetaRow['key']; row: MetaRow };
}

export type Table = keyof Tables;

/** The key path of each store, and of each index over it. An index skips a row that lacks one of its fields. */
export const KEY_PATHS: Record<Table, { key: string | string[]; indexes: Record<string, string[]> }> = {
  jobs: {
    key: ['queue', 'seq'],
    indexes: {
      byState: ['queue', 'owner', 'state.kind', 'state.at', 'seq'],
      byChain: ['queue', 'owner', 'chain', 'link', 'seq'],
      byAfter: ['queue', 'after', 'seq'],
    },
  },
  bodies: { key: ['queue', 'seq'], indexes: {} },
  queues: { key: 'name', indexes: {} },
  sends: { key: ['queue', 'n'], indexes: {} },
  results: {
    key: ['queue', 'seq'],
    indexes: { byEnd: ['queue', 'owner', 'end.kind', 'end.at', 'seq'], byExpiry: ['expiresAt'] },
  },
  paces: { key: 'origin', indexes: {} },
  flows: { key: ['queue', 'owner', 'priority', 'key'], indexes: {} },
  twins: { key: ['queue', 'owner', 'key'], indexes: { byExpiry: ['expiresAt'] } },
  owners: { key: 'owner', indexes: { byUser: ['user'] } },
  meta: { key: 'key', indexes: {} },
};

export type KeyPart = string | number;

/** Rows from `from` to `to`, both included (`from` not, where `after` is set), in key order, at most `count`. */
export interface Range {
  index?: string;
  from: KeyPart[];
  to: KeyPart[];
  after?: boolean;
  count?: number;
}

/** One open transaction. Await nothing but its own methods inside it: it would close. */
export interface Tx {
  get<T extends Table>(table: T, key: Tables[T]['key']): Promise<Tables[T]['row'] | undefined>;
  all<T extends Table>(table: T, range: Range): Promise<Tables[T]['row'][]>;
  /** The last row of a range. */
  last<T extends Table>(table: T, range: Range): Promise<Tables[T]['row'] | undefined>;
  /** Takes effect at once for later reads of the transaction; a failure aborts the whole of it. */
  put<T extends Table>(table: T, row: Tables[T]['row']): void;
  delete<T extends Table>(table: T, key: Tables[T]['key']): void;
  /** Deletes the rows of a range of the table's own keys. */
  deleteAll(table: Table, range: Pick<Range, 'from' | 'to'>): void;
}

export interface Plan {
  tables: readonly Table[];
  /** What it is for, where its tables do not tell. */
  name?: string;
  mode: 'readonly' | 'readwrite';
  /** `strict` where a loss would lose a job; `relaxed` where it only repeats a send. */
  durability: 'strict' | 'relaxed';
}

/** A place that keeps the tables. */
export interface Database {
  /** Runs `work` in one transaction, and answers after its `complete`. Nothing stays of one that throws. */
  run<T>(plan: Plan, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Once what is under way has ended; opened again by the next use. */
  close(): void;
  /** Now: what is under way is aborted. */
  abandon(): void;
  /** What is written from here on stands in a log of its own, where the platform keeps one. */
  rotateLog(): void;
}

/** Every row of a table whose keys are strings. */
export const EVERYTHING: Range = { from: [''], to: ['\uffff'] };

/** Whose rows of which queue. */
export interface Share {
  name: string;
  owner: Owner;
}

/** The jobs of one owner and kind, in the order of `at`, then of `seq`. */
export function jobsOf(
  { name, owner }: Share,
  kind: Job['state']['kind'],
  upTo: number = Number.POSITIVE_INFINITY,
): Range {
  const from = [name, owner, kind];
  return { index: 'byState', from, to: [...from, upTo, Number.POSITIVE_INFINITY] };
}
