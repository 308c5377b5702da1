export type {
  CapturedFacts,
  Context,
  Prepare,
  QueueConfig,
  SluiceConfig,
  SluiceDefinition,
} from './core/config.js';
export { defineSluice } from './core/define.js';
export { type ErrorCode, isSluiceError, SluiceError } from './core/errors.js';
export type { EventOf, EventType, SluiceEvent } from './core/events.js';
export type { Answer, CancelReason, DeadReason, Job, Ticket } from './core/job.js';
export type { Match, MatchRule, RequestFacts } from './core/match.js';
export type { Receipt } from './core/messages.js';
export type { QueuePolicy, Rate } from './core/policy.js';
export type { Counts } from './core/queue-row.js';
export { readTicket } from './core/receipt.js';
export type { JobView, Outcome, QueueStatus, QueueView } from './core/views.js';
