import type { Headers } from '../controller.js';

export interface Reply {
  /** 0: no answer. */
  status: number;
  /** When the reply leaves the service. */
  at: number;
  headers: Headers;
}

/** What the requests reach; asked in order of their arrival. */
export interface Service {
  arrive(now: number): Reply;
}

export const NO_HEADERS: Headers = [];
