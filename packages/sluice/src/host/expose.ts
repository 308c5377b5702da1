import { type Endpoint, expose } from 'comlink';
import type { Host } from '../core/messages.js';

/** Answers what comes in at `endpoint`. */
export function exposeHost(host: Host, endpoint: Endpoint): void {
  expose(host, endpoint);
}
