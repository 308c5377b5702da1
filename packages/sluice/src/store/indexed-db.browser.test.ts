import { testBatches } from './batches.contract.js';
import { testDependents } from './dependents.contract.js';
import { openIndexedDb } from './indexed-db.js';
import { testLimits } from './limits.contract.js';
import { testMetrics } from './metrics.contract.js';
import { testScheduling } from './scheduling.contract.js';
import { testStore } from './store.contract.js';

for (const testContract of [testStore, testScheduling, testDependents, testBatches, testLimits, testMetrics])
  testContract('IndexedDB', () => openIndexedDb(`test-${crypto.randomUUID()}`));
