import { patched, type PolicyPatch } from '../core/policy-patch.js';
import { SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import { event } from '../core/flow/event.js';
import { type QueueRow, signedIn, underPolicy } from '../core/queue-row.js';
import { type Database, EVERYTHING, type Plan } from './rows.js';

const COMMAND: Plan = {
  tables: ['jobs', 'bodies', 'queues', 'results', 'twins', 'flows'],
  mode: 'readwrite',
  durability: 'strict',
};

/** What a command on whole queues does to each row. */
export type QueueCommand =
  | { kind: 'pause' }
  | { kind: 'resume' }
  | { kind: 'nudge' }
  | { kind: 'online'; chance: () => number }
  | { kind: 'offline' }
  | { kind: 'patch'; patch: PolicyPatch | null };

/** Applies a command to one queue, or to all. @throws SluiceError `queue-unknown` */
export function commandQueues(
  database: Database,
  queue: string | undefined,
  command: QueueCommand,
  now: number,
): Promise<SluiceEvent[]> {
  return database.run(COMMAND, async (tx) => {
    const all = await tx.all('queues', EVERYTHING);
    const rows = queue === undefined ? all : all.filter(({ name }) => name === queue);
    if (queue !== undefined && rows.length === 0) throw unknownQueue(queue, all);
    for (const row of rows) tx.put('queues', { ...row, ...changeBy(row, command, now) });
    return rows.flatMap(({ name }) => eventOf(name, command));
  });
}

function changeBy(row: QueueRow, command: QueueCommand, now: number): Partial<QueueRow> {
  switch (command.kind) {
    case 'pause':
      return { paused: true };
    case 'resume':
      return { paused: false };
    case 'online':
      return { flow: event(row.flow, now, 'online', command.chance) };
    case 'offline':
      return { flow: event(row.flow, now, 'offline', NO_CHANCE) };
    case 'patch':
      return { ...underPolicy(row, patched(row.base, command.patch)), patch: command.patch };
    case 'nudge':
      return { flow: event(row.flow, now, 'nudge', NO_CHANCE), ...signedIn(row) };
  }
}

/** Only a return spreads out. */
const NO_CHANCE = (): number => 0;

function eventOf(queue: string, { kind }: QueueCommand): SluiceEvent[] {
  if (kind === 'offline') return [];
  return [{ type: EVENTS[kind], queue }];
}

const EVENTS = {
  patch: 'policy-changed',
  pause: 'paused',
  resume: 'resumed',
  nudge: 'nudged',
  online: 'nudged',
} as const;

function unknownQueue(queue: string, rows: readonly QueueRow[]): SluiceError {
  const known = rows.map(({ name }) => `'${name}'`).join(', ') || 'none yet';
  return new SluiceError('queue-unknown', `there is no queue '${queue}'; known are ${known}.`, {
    value: queue,
  });
}
