export type Operation = 'enqueue' | 'claim' | 'settle' | 'list';

/** How much stands in a queue, and what that is called. */
export interface Depth {
  name: string;
  waiting: number;
  scheduled: number;
}

/** What the page of the store puts up. */
export interface StoreUnderTest {
  /** Fills a database that is named after its depth. */
  fill: (depth: Depth) => Promise<void>;
  /** The p50 of an operation on one job, in ms. */
  measure: (name: string, operation: Operation, count: number) => Promise<number>;
}
