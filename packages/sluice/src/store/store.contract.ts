import { testBatches } from './batches.contract.js';
import { testCoalesce } from './coalesce.contract.js';
import { testControl } from './control.contract.js';
import { testDependents } from './dependents.contract.js';
import { testFirstTry } from './first-try.contract.js';
import { testIntake } from './intake.contract.js';
import { testLeases } from './leases.contract.js';
import { testLater } from './later.contract.js';
import { testLimits } from './limits.contract.js';
import { testLine } from './line.contract.js';
import { testMetrics } from './metrics.contract.js';
import { testPace } from './pace.contract.js';
import { testPassing } from './passing.contract.js';
import { testSettle } from './settle.contract.js';
import { testTwins } from './twins.contract.js';
import { testUsers } from './users.contract.js';
import type { Database } from './rows.js';

const CONTRACTS = [
  testIntake,
  testPace,
  testSettle,
  testLeases,
  testControl,
  testLine,
  testLater,
  testTwins,
  testCoalesce,
  testDependents,
  testBatches,
  testLimits,
  testFirstTry,
  testPassing,
  testMetrics,
  testUsers,
];

/** The claims that every place for the queue must make good: run on IndexedDB and on its twin in memory. */
export function testStore(name: string, open: () => Database): void {
  for (const testContract of CONTRACTS) testContract(name, open);
}
