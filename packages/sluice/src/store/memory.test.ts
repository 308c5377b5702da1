import { openMemory } from './memory.js';
import { testStore } from './store.contract.js';

testStore('the twin in memory', openMemory);
