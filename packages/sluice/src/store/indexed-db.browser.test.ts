import { openIndexedDb } from './indexed-db.js';
import { testStore } from './store.contract.js';

testStore('IndexedDB', () => openIndexedDb(`test-${crypto.randomUUID()}`));
