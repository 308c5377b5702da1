import type { QueueRow } from '../core/queue-row.js';
import { type Database, EVERYTHING, type Plan } from './rows.js';

const READ: Plan = { tables: ['queues'], mode: 'readonly', durability: 'relaxed' };

export function readQueues(database: Database): Promise<QueueRow[]> {
  return database.run(READ, (tx) => tx.all('queues', EVERYTHING));
}
