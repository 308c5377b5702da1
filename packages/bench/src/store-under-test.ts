export type Operation = 'enqueue' | 'claim' | 'settle' | 'list';

/** How much stands in a queue, and what that is called. */
export interface Depth {
  name: string;
  waiting: number;
  scheduled: number;
  /** One table with an index, and transactions by hand, in place of Sluice's. */
  isRaw?: true;
}

/** A queue of some depth, one transaction at a time. */
export interface QueueUnderTest<C> {
  fill(depth: Depth): Promise<void>;
  enqueue(): Promise<void>;
  claim(): Promise<C>;
  settle(claim: C): Promise<void>;
  list(): Promise<void>;
}

/** What the page of the store puts up. */
export interface StoreUnderTest {
  /** Fills a database that is named after its depth. */
  fill: (depth: Depth) => Promise<void>;
  /** The p50 of each operation on one job, in ms. */
  measure: (name: string, count: number) => Promise<Record<Operation, number>>;
}
