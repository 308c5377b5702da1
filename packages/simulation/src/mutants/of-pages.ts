import type { Mutant } from '../mutant.ts';

/** Bugs in what a page hears, asks for, and leaves behind. */
export const OF_PAGES: readonly Mutant[] = [
  {
    name: 'an answer that was held back comes before it is there',
    file: 'drain/respond.ts',
    from: 'const held = outcome && heldParts(outcome);',
    to: 'const held = outcome ? heldParts(outcome) : { status: 200, headers: [], body: null };',
    scenarios: ['an answer that was held back becomes a receipt'],
  },
  {
    name: 'what the network took first is sent again',
    file: 'service-worker/network-first.ts',
    from: "    if (first?.kind === 'answered') return first.response;\n",
    to: '',
    scenarios: ['the network first'],
  },
  {
    name: 'a full queue lets through without charging it',
    file: 'store/direct.ts',
    from: '    const { latestAt } = chargeSend(',
    to: '    const { latestAt } = { latestAt: at + 50 } || chargeSend(',
    scenarios: ['a full queue lets through'],
  },
  {
    name: 'each queue keeps the rate of a destination by itself',
    file: 'store/pacers.ts',
    from: "(await tx.get('paces', origin))?.pace ?? FRESH_PACE",
    to: 'FRESH_PACE',
    scenarios: ['two queues share the rate of their destination'],
  },
  {
    name: 'an end whose word was lost is never heard',
    file: 'drain/settled.ts',
    from: '      this.#lookAgain([...this.#waiting.keys()].slice(0, LOOKED_AT_ONCE));\n',
    to: '',
    scenarios: ['a page waits for the end of a job that another tab sends'],
  },
  {
    name: 'what is cleared is sent all the same',
    file: 'store/clear.ts',
    from: 'const waiting = await someJobs(ledger, row.owner, WAITING_KINDS);',
    to: 'const waiting = [];',
    scenarios: ['a queue is cleared'],
  },
  {
    name: 'an edit is heard of before it is on the disk',
    file: 'store/job-commands.ts',
    from: "  durability: 'strict',",
    to: "  durability: 'relaxed',",
    scenarios: ['a job is edited while it waits'],
  },
  {
    name: 'what was prepared before an edit is sent after it',
    file: 'transport/attempt.ts',
    from: 'const id = `${job.ticket} ${job.idempotencyKey} ${credentials}`;',
    to: 'const id = job.ticket;',
    scenarios: ['a job is edited while it is prepared'],
  },
  {
    name: 'what is tried first holds up nobody of its ordering key',
    file: 'service-worker/key-turns.ts',
    from: 'if (key === undefined) return work();',
    to: 'return work();',
    scenarios: ['the network first, in order'],
  },
  {
    name: 'nobody hears of what a page has stored by itself',
    file: 'client/requests.ts',
    from: "if (intakes.some(({ kind }) => kind === 'accepted')) tellAccepted();",
    to: '',
    scenarios: ['the last tab dies, and has stored by itself'],
  },
  {
    name: 'whoever takes over does not look for what is left',
    file: 'service-worker/take-over.ts',
    from: "if ((await leaderState({ database, clock })) !== 'idle') wakeUp.onAccepted(event);",
    to: '',
    scenarios: ['the last tab lets a queue go on, and is closed'],
  },
];
