import type { Mutant } from '../mutant.ts';

/** Bugs in what is sent past the queue. */
export const OF_PASSING: readonly Mutant[] = [
  {
    name: 'what is no job takes no place among the sends in flight',
    file: 'core/turn.ts',
    from: 'return row.inFlight + passesOf(row, now).length;',
    to: 'return row.inFlight;',
    scenarios: ['the network is tried first, one at a time', 'a full queue lets through, one at a time'],
  },
  {
    name: 'who signs out does not wait for what is sent past the queue',
    file: 'store/identity.ts',
    from: '    ends.push(foreignPassUntil(row, now));\n',
    to: '',
    scenarios: ['a user leaves while the network is tried first'],
  },
];
