import { openIdentity } from '../../../sluice/dist/store/identity.js';
import { openIndexedDb } from '../../../sluice/dist/store/indexed-db.js';
import { listJobs } from '../../../sluice/dist/store/query.js';
import { createStore } from '../../../sluice/dist/store/store.js';
import { DEFAULT_POLICY } from '../../../sluice/dist/core/policy.js';
import type { StoreUnderTest } from '../../src/store-under-test.js';

/** The transactions of the queue by themselves, with no engine and no page around them. */
const storage: StoreUnderTest = { openIdentity, openIndexedDb, listJobs, createStore, DEFAULT_POLICY };
Object.assign(globalThis, { storage });
