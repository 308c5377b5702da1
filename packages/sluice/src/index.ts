export type {
  AnswerFacts,
  BatchConfig,
  BatchPart,
  CapturedFacts,
  Context,
  Expect,
  Merge,
  Prepare,
  QueueConfig,
  RewriteRequest,
  SluiceConfig,
  SluiceDefinition,
} from './core/config.js';
export { defineSluice } from './core/define.js';
export { type ErrorCode, isSluiceError, SluiceError } from './core/errors.js';
export type { EventOf, EventType, SluiceEvent } from './core/events.js';
export type { Answer, CancelReason, DeadReason, Job, Ticket } from './core/job.js';
export type { JobOptions } from './core/job-options.js';
export type { Match, MatchRule, RequestFacts } from './core/match.js';
export type { Receipt } from './core/messages.js';
export type { QueuePolicy, Rate } from './core/policy.js';
export type { QueueMetrics } from './core/metrics.js';
export type { PolicyPatch } from './core/policy-patch.js';
export type { Counts } from './core/queue-row.js';
export { readTicket, type ReceiptChange } from './core/receipt.js';
export type { VerdictKey, VerdictTable, VerdictWord } from './core/verdict-table.js';
export type { QueueStatus, QueueView } from './core/queue-view.js';
export type { JobView, Outcome } from './core/views.js';
