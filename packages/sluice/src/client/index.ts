export { connect, type QueuesOf } from './connect.js';
export type {
  ConnectOptions,
  JobChange,
  Mode,
  Sluice,
  SluiceEnqueueOptions,
  SluiceRequestInit,
  Snapshot,
  TrustedScriptURL,
} from './sluice.js';
export type { JobPage, ListQuery } from '../core/views.js';
