import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Arrival } from './arrival.js';
import type { Behaviour } from './behaviour.js';
import { control } from './control.js';
import { exchange } from './exchange.js';
import { closePort, openPort } from './listen.js';
import { createService, type Service } from './service.js';
import { serveFile } from './static-files.js';
import { createWaits } from './wait-for.js';

const WAIT_TIMEOUT_MS = 30_000;

/** A running service with a capacity, and the record of what reached it. */
export interface Origin {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly arrivals: readonly Arrival[];
  /** How often a known Idempotency-Key came again. */
  readonly duplicates: number;
  readonly behaviour: Behaviour;
  /** Changes the behaviour from now on. @throws OriginError `behaviour-invalid` */
  set(patch: Partial<Behaviour>): void;
  /**
   * Resolves once the predicate holds; asked again when an arrival is received, read, or over.
   *
   * @param timeoutMs default 30 s
   * @throws OriginError `wait-expired` at the deadline, with the counts by outcome; `closed`
   */
  waitFor(predicate: (origin: Origin) => boolean, timeoutMs?: number): Promise<void>;
  /** Calls back at the receipt of an arrival's headers, before its body. Answers how to stop that. */
  onArrival(callback: (arrival: Arrival) => void): () => void;
  /** Forgets the arrivals and the count of duplicates, not the work that was done. */
  clear(): void;
  /** Closes the port and destroys every connection; what waited for capacity is sent away. */
  down(): Promise<void>;
  /** Opens the same port again. @throws OriginError `port-taken` */
  up(): Promise<void>;
  /** Down for good: every `waitFor` ends too. */
  close(): Promise<void>;
}

export interface OriginOptions {
  /** Default 0: any free port. */
  port?: number;
  /** Default: healthy and without a limit. */
  behaviour?: Partial<Behaviour>;
  /** Folders of the files that are served beside `/api/`, searched in this order. Default none. */
  staticDirs?: readonly string[];
  /** Further header fields for the file at a path. */
  headers?: (path: string) => Record<string, string>;
  /** Whether `/control` lets a page watch and change the service. Default false. */
  control?: boolean;
}

/**
 * Starts a service on 127.0.0.1: `/api/*` is the service itself, all else are static files.
 *
 * @throws OriginError `port-taken`, `behaviour-invalid`
 */
export async function startOrigin(options: OriginOptions = {}): Promise<Origin> {
  const service = createService(options.behaviour ?? {});
  // Without a timeout of its own: an idle connection that is closed while a request is on its way is a fault nobody set.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, router(service, options));
  const waits = createWaits(service.record);
  const port = await openPort(server, options.port ?? 0);

  const origin: Origin = {
    url: `http://127.0.0.1:${port}`,
    port,
    arrivals: service.record.arrivals,
    get duplicates() {
      return service.duplicates;
    },
    get behaviour() {
      return service.behaviour;
    },
    set: (patch) => service.set(patch),
    waitFor: (predicate, timeoutMs = WAIT_TIMEOUT_MS) => waits.until(() => predicate(origin), timeoutMs),
    onArrival: (callback) => service.record.on(['receipt'], callback),
    clear: () => service.clear(),
    down: async () => {
      const closed = closePort(server);
      service.sendAllAway();
      await closed;
    },
    up: async () => {
      if (!server.listening) await openPort(server, port);
    },
    close: async () => {
      waits.close();
      await origin.down();
    },
  };
  return origin;
}

type Route = (request: IncomingMessage, response: ServerResponse) => void;

function router(service: Service, options: OriginOptions): Route {
  const files = { dirs: options.staticDirs ?? [], headers: options.headers ?? (() => ({})) };
  return (request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/api/')) void exchange(service, request, response);
    else if (options.control && /^\/control(?=[/?]|$)/.test(path)) void control(service, request, response);
    else void serveFile(files, request, response);
  };
}
