export { connect, type QueuesOf } from './connect.js';
export type {
  ConnectOptions,
  JobChange,
  JobPage,
  ListQuery,
  Mode,
  Sluice,
  SluiceEnqueueOptions,
  SluiceRequestInit,
  Snapshot,
  TrustedScriptURL,
} from './sluice.js';
