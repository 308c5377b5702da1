import { beforeEach, expect, test } from 'vitest';
import { Bench } from '../drain/engine.kit.js';
import { cancelJob, holdJob } from '../store/job-commands.js';
import type { Database } from '../store/rows.js';
import { createJobDesk, type JobDesk } from './job-desk.js';

let bench: Bench;
let desk: JobDesk;
let transactions: number;

beforeEach(() => {
  bench = new Bench();
  transactions = 0;
  const database: Database = {
    ...bench.database,
    run: (plan, work) => {
      transactions += 1;
      return bench.database.run(plan, work);
    },
  };
  desk = createJobDesk({ database, notify: bench.notify, clock: bench.clock });
});

test('a thousand commands at once take a dozen transactions, so that sends and receipts come between', async () => {
  const tickets = await bench.enqueue(1000);
  const answers = await Promise.all(tickets.map((ticket) => desk.apply(cancelJob(ticket))));
  expect(new Set(answers)).toEqual(new Set(['cancelled']));
  expect(transactions).toBeLessThanOrEqual(12);
});

test('a thousand looks at once take a dozen transactions', async () => {
  const tickets = await bench.enqueue(1000);
  const known = await Promise.all(tickets.map((ticket) => desk.look(ticket)));
  expect(known.map((one) => one.kind === 'job' && one.view.ticket)).toEqual(tickets);
  expect(transactions).toBeLessThanOrEqual(12);
});

test('a command that is refused rejects by itself, and those beside it hold', async () => {
  const [first = '', second = ''] = await bench.enqueue(2);
  const answers = await Promise.allSettled([
    desk.apply(holdJob(first)),
    desk.apply(holdJob('orders.99.x')),
    desk.apply(holdJob(second)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(answers[1]).toMatchObject({ reason: { code: 'state-conflict', value: 'orders.99.x' } });
  for (const ticket of [first, second])
    expect(await desk.look(ticket)).toMatchObject({ view: { state: 'waiting', parked: 'held' } });
});
