import type { ControllerMaker } from '../controller.js';
import { AIMD_LIBRARY, AIMD_WITH_BACKOFF, aimd } from './aimd.js';
import { fireAll } from './fire-all.js';
import { google } from './google.js';
import { gradient2 } from './gradient2.js';
import { withReconnectJitter } from './reconnect-jitter.js';
import { serial } from './serial.js';
import { smithy } from './smithy.js';

const J10_MS = 10_000;

/** The rivals by the names that the tables give them; J10: with a reconnect jitter of 10 s. */
export const RIVALS: Readonly<Record<string, ControllerMaker>> = {
  'fire all, no jitter': fireAll({ jitter: false }),
  'fire all, full jitter': fireAll({ jitter: true }),
  'serial, 429 is done (workbox)': serial('done'),
  'serial, requeue': serial('requeue'),
  'serial, full jitter, J10': withReconnectJitter(J10_MS, serial('requeue with jitter')),
  'AIMD (library)': aimd(AIMD_LIBRARY),
  'AIMD x0.5, backoff, J10': withReconnectJitter(J10_MS, aimd(AIMD_WITH_BACKOFF)),
  'Gradient2 (library)': gradient2(),
  'AWS SDK adaptive': smithy(),
  'Google throttling, K = 2': google(),
};
