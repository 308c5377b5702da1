import type { openIdentity } from '../../sluice/dist/store/identity.js';
import type { openIndexedDb } from '../../sluice/dist/store/indexed-db.js';
import type { listJobs } from '../../sluice/dist/store/query.js';
import type { createStore } from '../../sluice/dist/store/store.js';
import type { DEFAULT_POLICY } from '../../sluice/dist/core/policy.js';

/** What the page of the store puts up. */
export interface StoreUnderTest {
  openIdentity: typeof openIdentity;
  openIndexedDb: typeof openIndexedDb;
  listJobs: typeof listJobs;
  createStore: typeof createStore;
  DEFAULT_POLICY: typeof DEFAULT_POLICY;
}
