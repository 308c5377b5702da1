export { connect, type QueuesOf } from './connect.js';
export type {
  ConnectOptions,
  JobPage,
  ListQuery,
  Mode,
  Sluice,
  SluiceRequestInit,
  Snapshot,
} from './sluice.js';
