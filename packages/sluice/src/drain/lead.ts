const FIRST_MS = 5;
const LONGEST_MS = 5000;
const SLACK = 1.5;
const FORGET = 0.95;

/** How far ahead of its turn a send is charged. */
export interface Lead {
  /** The lead of a turn that begins now. */
  next(): number;
  /** A send of that turn was ready so long after it. */
  took(ms: number): void;
}

/**
 * Learns how long it takes from a turn to its first send: the commit, reading the body, `prepare`. A send is charged for an
 * instant so far ahead, because one that leaves later than `marginMs` after its instant is given back unsent.
 */
export function createLead(): Lead {
  let leadMs = FIRST_MS;
  return {
    next: () => {
      leadMs = Math.max(leadMs * FORGET, FIRST_MS);
      return leadMs;
    },
    took: (ms) => {
      leadMs = Math.min(Math.max(ms * SLACK, leadMs), LONGEST_MS);
    },
  };
}
