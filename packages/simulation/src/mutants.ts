/** A bug, as a change of the source: what is built here must be caught by a checker. */
export interface Mutant {
  name: string;
  file: string;
  from: string;
  to: string;
  /** Where it shows; the first in which it does is enough. */
  scenarios: readonly string[];
}

/** Twenty-five bugs that queues have had. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a job is deleted before it is sent',
    file: 'store/claim.ts',
    from: '  move(ledger, job, state);\n',
    to: "  ledger.tx.delete('jobs', [job.queue, job.seq]);\n",
    scenarios: ['one job'],
  },
  {
    name: 'accepted, and not yet on the disk',
    file: 'store/enqueue.ts',
    from: "durability: 'strict'",
    to: "durability: 'relaxed'",
    scenarios: ['one job', 'two jobs'],
  },
  {
    name: 'whoever lost its lease settles all the same',
    file: 'store/settle.ts',
    from: '  if (!holdsLease && !isLateSuccess) return;\n',
    to: '',
    scenarios: ['the leading tab freezes, and its answer comes late'],
  },
  {
    name: 'the leases of a lost engine never end',
    file: 'store/leases.ts',
    from: 'if (request.recover || endsAt <= ledger.now) await orphan',
    to: 'if (endsAt < 0) await orphan',
    scenarios: ['one job'],
  },
  {
    name: 'a takeover fills the window anew',
    file: 'store/turn.ts',
    from: '    if (request.recover) row.flow =',
    to: '    if (request.recover) row.pace = { n: 0, since: 0, openAt: 0, tat: 0, lastAt: 0 };\n    if (request.recover) row.flow =',
    scenarios: ['a job is cancelled while it waits', 'a newer one takes the place', 'two jobs'],
  },
  {
    name: 'a charge is not kept',
    file: 'store/charge.ts',
    from: '    pacer.keep(charge(pacer.pace, rate, { at, units }));\n',
    to: '',
    scenarios: ['a newer one takes the place', 'a service that is gone for six sends'],
  },
  {
    name: 'a key for each attempt',
    file: 'transport/prepare.ts',
    from: 'value: job.idempotencyKey',
    to: 'value: `${job.idempotencyKey}${job.attempts}`',
    scenarios: ['a service that fails once'],
  },
  {
    name: 'what was refused is sent again',
    file: 'core/verdict-table.ts',
    from: "'4xx': 'dead'",
    to: "'4xx': 'nack'",
    scenarios: ['a request that is refused'],
  },
  {
    name: 'no new sync at the last chance',
    file: 'service-worker/wake-up.ts',
    from: 'if (isLastChance) await wake.register();',
    to: 'if (isLastChance) isRegistered = false;',
    scenarios: ['no tab, and a service that is gone for hours'],
  },
  {
    name: 'nobody asks for a sync',
    file: 'service-worker/wake-up.ts',
    from: 'Promise.all([register(), drainIfAlone()])',
    to: 'Promise.all([drainIfAlone()])',
    scenarios: ['no tab, and a service that is gone for hours'],
  },
  {
    name: 'the second of an ordering key does not wait',
    file: 'store/ledger.ts',
    from: "  return head ? { kind: 'behind', at: 0 } : stateInTurn(job, now);",
    to: '  return stateInTurn(job, now);',
    scenarios: ['an ordering key'],
  },
  {
    name: 'an ordering key is never let go',
    file: 'store/ledger.ts',
    from: "  if (next?.state.kind === 'behind') move(",
    to: "  if (next?.state.kind === 'dead') move(",
    scenarios: ['an ordering key'],
  },
  {
    name: 'Retry-After is not heard',
    file: 'core/flow/hints.ts',
    from: "retryAfterMs(get('retry-after') ?? null, now)",
    to: 'retryAfterMs(null, now)',
    scenarios: ['a service that asks for quiet'],
  },
  {
    name: 'lost engines are not counted',
    file: 'store/leases.ts',
    from: 'const orphans = job.orphans + 1;',
    to: 'const orphans = job.orphans;',
    scenarios: ['a job that takes its tab down'],
  },
  {
    name: 'a send leaves however late it is',
    file: 'drain/in-flight.ts',
    from: "return now > claim.latestAt ? 'late' : 'yes';",
    to: "return 'yes';",
    scenarios: ['one send a minute'],
  },
  {
    name: 'how it ended is not kept',
    file: 'store/ledger.ts',
    from: "  tx.put('results', resultOf(job, end, row.policy.resultsKeptMs));\n",
    to: '',
    scenarios: ['one job'],
  },
  {
    name: 'a dead job is still counted as waiting',
    file: 'store/ledger.ts',
    from: '  leaveQueue(row, job);\n  row.counts.dead',
    to: '  row.counts.dead',
    scenarios: ['a request that is refused'],
  },
  {
    name: 'where nothing may be repeated, a claim may be lost',
    file: 'store/turn.ts',
    from: "durability === 'strict' && request.durability === 'relaxed'",
    to: 'durability === undefined',
    scenarios: ['nothing is repeated'],
  },
  {
    name: 'where nothing may be repeated, a lost send is',
    file: 'store/leases.ts',
    from: "ledger.row.policy.repeat === 'never'",
    to: 'ledger.row.policy.repeat === undefined',
    scenarios: ['nothing is repeated'],
  },
  {
    name: 'attempts have no end',
    file: 'core/settle.ts',
    from: 'if (attempts >= row.policy.maxAttempts)',
    to: 'if (attempts < 0)',
    scenarios: ['a job that always fails'],
  },
  {
    name: 'an outage kills jobs',
    file: 'core/settle.ts',
    from: "return !(verdict.outage && (before.phase.kind === 'probe' || after.phase.kind === 'probe'));",
    to: 'return true;',
    scenarios: ['the service is gone for ten minutes'],
  },
  {
    name: 'what comes after is not let go',
    file: 'store/dependents.ts',
    from: 'for (const job of await dependentsOf(ledger, ticket)) await release(ledger, job, answer);',
    to: 'await dependentsOf(ledger, answer.statusText + ticket);',
    scenarios: ['one comes after another'],
  },
  {
    name: 'more in flight than concurrency allows',
    file: 'core/flow/state.ts',
    from: 'return adaptive ? Math.max(1, Math.min(concurrency, Math.floor(latency.cap))) : concurrency;',
    to: 'return concurrency + 1;',
    scenarios: ['three jobs at once'],
  },
  {
    name: 'a clock that goes back holds the queue for as long',
    file: 'store/pacers.ts',
    from: 'clockJumped || isFromAnotherClock(pace, now) ?',
    to: 'clockJumped && isFromAnotherClock(pace, now) && false ?',
    scenarios: ['the clock goes back by a day'],
  },
  {
    name: 'a frozen leader keeps its seat',
    file: 'drain/leadership.ts',
    from: "    if (state === 'stale') steal();",
    to: "    if (state === 'idle') steal();",
    scenarios: ['the leading tab freezes for an hour'],
  },
  {
    name: 'signed in again, and nobody looks',
    file: 'store/control.ts',
    from: 'NO_CHANCE), awaitsSignIn: false };',
    to: 'NO_CHANCE) };',
    scenarios: ['nobody is signed in'],
  },
];
