import type { CapturedFacts, QueueConfig, SluiceConfig } from 'sluice';

/** What a test may ask of the usage pages: plain data, since it travels in the URL of the script. */
export interface Settings {
  name?: string;
  enabled?: boolean;
  limits?: SluiceConfig['limits'];
  queues?: Record<
    string,
    Omit<QueueConfig, 'match'> & { match?: QueueConfig['match']; functions?: FunctionName[] }
  >;
  /** Breaks IndexedDB in every context of the app, as a browser that forbids storage does. */
  breakStorage?: boolean;
}

/** The functions that a test may name: a URL carries no code. */
export type FunctionName = keyof typeof FUNCTIONS;

const fieldOf = (request: CapturedFacts, name: string) => (request.json() as Record<string, unknown>)[name];

const FUNCTIONS = {
  'orderingKey:json.key': { orderingKey: (request) => fieldOf(request, 'key') as string },
  'fairnessKey:json.key': { fairnessKey: (request) => fieldOf(request, 'key') as string },
  'dedupeKey:json.key': { dedupeKey: (request) => fieldOf(request, 'key') as string },
  'priority:json.priority': { priority: (request) => fieldOf(request, 'priority') as number },
  'cost:json.cost': { cost: (request) => fieldOf(request, 'cost') as number },
  'coalesce:sum': {
    coalesce: (previous, next) => {
      const n = Number(fieldOf(previous, 'n')) + Number(fieldOf(next, 'n'));
      return n === 0 ? null : JSON.stringify({ ...(next.json() as object), n });
    },
  },
  'batch:list': {
    batch: {
      max: 5,
      waitMs: 200,
      combine: (requests) => ({
        url: '/api/bulk',
        body: `[${requests.map((request) => request.text()).join(',')}]`,
      }),
      split: (answer) => answer.json() as { status: number; body: string }[],
    },
  },
  'rewrite:id': {
    rewrite: (request, prior) => ({
      url: `/api/orders/${(prior.json() as { id: number }).id}/photo`,
      body: `photo for ${request.text()}`,
    }),
  },
  'receipt:html': {
    receipt: ({ ticket, depth }) => ({
      status: 200,
      headers: [['Content-Type', 'text/html']],
      body: `<p>saved as ${ticket}, ${depth} in line</p>`,
    }),
  },
  'expect:json': { expect: (response) => response.headers.get('Content-Type') === 'application/json' },
  'expect:no-login': {
    expect: ({ redirected, url }) =>
      redirected && new URL(url).searchParams.has('login') ? 'sign-in' : true,
  },
  'prepare:token': {
    prepare: (request, { context }) => {
      if (typeof context.token !== 'string') return 'sign-in';
      const headers = new Headers(request.headers);
      headers.set('Authorization', `Bearer ${context.token}`);
      return new Request(request, { headers });
    },
  },
} satisfies Record<string, Partial<QueueConfig>>;

const ORDERS = { match: { method: 'POST', url: '/api/orders*' } };

export function readSettings(): Settings {
  return JSON.parse(new URL(location.href).searchParams.get('settings') ?? '{}') as Settings;
}

export function configOf({ name, enabled, limits, queues = { orders: {} } }: Settings): SluiceConfig {
  const entries = Object.entries(queues).map(([queue, { functions = [], ...config }]) => {
    const own = Object.assign({}, ...functions.map((one) => FUNCTIONS[one])) as Partial<QueueConfig>;
    return [queue, { ...ORDERS, ...config, ...own }];
  });
  return {
    queues: Object.fromEntries(entries) as SluiceConfig['queues'],
    ...(name === undefined ? {} : { name }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(limits === undefined ? {} : { limits }),
  };
}

export function applyFaults({ breakStorage }: Settings): void {
  if (!breakStorage) return;
  IDBFactory.prototype.open = () => {
    throw new DOMException('storage is forbidden here', 'UnknownError');
  };
}
