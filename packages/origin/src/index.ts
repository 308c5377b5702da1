export type { Arrival, Outcome } from './arrival.js';
export type { Behaviour, Fault, FixedAnswer, Overload, Window } from './behaviour.js';
export { OriginError, type OriginErrorCode } from './errors.js';
export { type Origin, type OriginOptions, startOrigin } from './origin.js';
