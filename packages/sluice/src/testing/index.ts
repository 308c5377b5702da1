/**
 * For the tests of an app: Sluice without a browser. The queue, the engine and the pacing are the real ones, over a store
 * in memory and a clock that the test moves.
 *
 * @module
 */
export { FakeClock } from './fake-clock.js';
export { type TestedSluice, type TestOptions, testSluice } from './test-sluice.js';
