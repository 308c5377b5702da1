import { testBatches } from './batches.contract.js';
import { testDependents } from './dependents.contract.js';
import { openMemory } from './memory.js';
import { testLimits } from './limits.contract.js';
import { testMetrics } from './metrics.contract.js';
import { testScheduling } from './scheduling.contract.js';
import { testStore } from './store.contract.js';

for (const testContract of [testStore, testScheduling, testDependents, testBatches, testLimits, testMetrics])
  testContract('the twin in memory', openMemory);
