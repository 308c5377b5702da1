import type { Context } from '../core/config.js';
import type { Ticket } from '../core/job.js';
import type { QueueMetrics } from '../core/metrics.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import { checkPatch, type PolicyPatch } from '../core/policy-patch.js';
import type { Counts } from '../core/queue-row.js';
import type { JobPage, JobView, ListQuery } from '../core/views.js';
import { SluiceError } from '../core/errors.js';
import { findNotJson } from '../core/json-like.js';
import { metricsOf } from '../core/queue-metrics.js';
import { openView } from '../drain/open-view.js';
import type { Runtime } from '../drain/runtime.js';
import { commandQueues } from '../store/control.js';
import { openIdentity } from '../store/identity.js';
import { cancelJob, editJob, holdJob, releaseJob, withdrawJob } from '../store/job-commands.js';
import { writeContext } from '../store/owners.js';
import { exportLines } from '../store/export.js';
import { listJobs } from '../store/query.js';
import { readQueues } from '../store/queues.js';
import { redriveJob } from '../store/redrive.js';
import { sealContext } from '../transport/seal.js';
import { makeEdit, rekey, type StoredChange } from './edit.js';
import { createJobDesk } from './job-desk.js';

/** Commands and reads, as the page's object has them. */
export interface Commands {
  counts(): Promise<Record<string, Counts>>;
  metrics(): Promise<Record<string, QueueMetrics>>;
  list(query: ListQuery): Promise<JobPage>;
  get(ticket: Ticket): Promise<JobView | undefined>;
  pause(queue?: string): Promise<void>;
  resume(queue?: string): Promise<void>;
  nudge(queue?: string): Promise<void>;
  setPolicy(queue: string, patch: PolicyPatch | null): Promise<void>;
  cancel(ticket: Ticket): Promise<'cancelled' | 'aborting'>;
  /** As `cancel`, for the one caller that has submitted it. */
  withdraw(ticket: Ticket): Promise<'cancelled' | 'aborting'>;
  edit(ticket: Ticket, change: StoredChange): Promise<void>;
  hold(ticket: Ticket): Promise<void>;
  release(ticket: Ticket): Promise<void>;
  redrive(ticket: Ticket): Promise<void>;
  setContext(context: Context): Promise<void>;
  export(): Promise<Blob>;
}

/** Commands are transactions: they hold wherever they are called from, with no engine alive, and then tell. */
export function createCommands({
  database,
  notify,
  clock,
  base,
  sealingKey,
}: Pick<Runtime, 'database' | 'notify' | 'clock' | 'base' | 'sealingKey'>): Commands {
  const command = async (queue: string | undefined, kind: 'pause' | 'resume' | 'nudge'): Promise<void> => {
    notify.tell(await commandQueues(database, queue, { kind }, clock.now()));
  };
  const { apply, look } = createJobDesk({ database, notify, clock });
  return {
    counts: async () => {
      const rows = await readQueues(database);
      return Object.fromEntries(rows.map(({ name, counts }) => [name, counts]));
    },
    metrics: async () => {
      const now = clock.now();
      const rows = await readQueues(database);
      return Object.fromEntries(rows.map((row) => [row.name, metricsOf(row, now)]));
    },
    list: async ({ queue, state, after, limit = 50 }) => {
      const { owner, jobs, next } = await listJobs(database, {
        queue,
        state,
        after,
        limit,
      });
      return { jobs: await Promise.all(jobs.map((view) => openView({ view, owner }, sealingKey))), next };
    },
    get: async (ticket) => {
      const known = await look(ticket);
      return known.kind === 'job' ? openView(known, sealingKey) : undefined;
    },
    pause: (queue) => command(queue, 'pause'),
    resume: (queue) => command(queue, 'resume'),
    nudge: (queue) => command(queue, 'nudge'),
    setPolicy: async (queue, patch) => {
      if (patch) {
        const row = (await readQueues(database)).find(({ name }) => name === queue);
        checkPatch(queue, patch, row?.base ?? DEFAULT_POLICY);
      }
      notify.tell(await commandQueues(database, queue, { kind: 'patch', patch }, clock.now()));
    },
    cancel: (ticket) => apply(cancelJob(ticket)),
    withdraw: (ticket) => apply(withdrawJob(ticket)),
    edit: async (ticket, change) => {
      const edit = await makeEdit(ticket, change, { database, sealingKey, base });
      await apply(editJob(ticket, edit));
    },
    hold: (ticket) => apply(holdJob(ticket)),
    release: (ticket) => apply(releaseJob(ticket)),
    redrive: async (ticket) => {
      if (await apply(redriveJob(ticket, rekey))) return;
      const edit = await makeEdit(ticket, {}, { database, sealingKey, base });
      await apply(redriveJob(ticket, () => edit));
    },
    export: async () => {
      const lines: Blob[] = [];
      // A blob for each, since the browser keeps those out of the page's memory.
      for await (const line of exportLines(database)) lines.push(new Blob([line]));
      return new Blob(lines, { type: 'application/x-ndjson' });
    },
    setContext: async (context) => {
      requireJson(context);
      const { owner } = await openIdentity(database);
      const sealed = await sealContext(context, (await sealingKey(owner))[0]);
      const queues = await writeContext(database, owner, sealed);
      notify.tell(queues.map((queue) => ({ type: 'nudged', queue })));
    },
  };
}

function requireJson(context: unknown): void {
  const path = findNotJson(context);
  if (path === undefined) return;
  throw new SluiceError(
    'config-invalid',
    `setContext: ${path} is no JSON; allowed: plain values, lists and objects.`,
    {
      value: path,
    },
  );
}
