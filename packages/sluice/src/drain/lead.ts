const FIRST_MS = 5;
const LONGEST_MS = 5000;
const SLACK = 1.25;
const FORGET = 0.95;

/**
 * Learns how long it takes from a turn to its send: the commit, reading the body, `prepare`. A send is charged for an
 * instant so far ahead, because one that leaves later than `marginMs` after its instant is given back unsent.
 */
export function createLead(): { readonly ms: number; took(ms: number): void } {
  let leadMs = FIRST_MS;
  return {
    get ms() {
      return leadMs;
    },
    took: (ms) => {
      leadMs = Math.min(Math.max(ms * SLACK, leadMs * FORGET, FIRST_MS), LONGEST_MS);
    },
  };
}
