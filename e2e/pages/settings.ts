import type { QueueConfig, SluiceConfig } from 'sluice';

/** What a test may ask of the usage pages: plain data, since it travels in the URL of the script. */
export interface Settings {
  name?: string;
  enabled?: boolean;
  queues?: Record<
    string,
    Omit<QueueConfig, 'match'> & { match?: QueueConfig['match']; functions?: FunctionName[] }
  >;
  /** Breaks IndexedDB in every context of the app, as a browser that forbids storage does. */
  breakStorage?: boolean;
}

/** The functions that a test may name: a URL carries no code. */
export type FunctionName = 'orderingKey:json.key' | 'prepare:token';

const FUNCTIONS: Record<FunctionName, Partial<QueueConfig>> = {
  'orderingKey:json.key': { orderingKey: (request) => (request.json() as { key: string }).key },
  'prepare:token': {
    prepare: (request, { context }) => {
      if (typeof context.token !== 'string') return 'sign-in';
      const headers = new Headers(request.headers);
      headers.set('Authorization', `Bearer ${context.token}`);
      return new Request(request, { headers });
    },
  },
};

const ORDERS = { match: { method: 'POST', url: '/api/orders*' } };

export function readSettings(): Settings {
  return JSON.parse(new URL(location.href).searchParams.get('settings') ?? '{}') as Settings;
}

export function configOf({ name, enabled, queues = { orders: {} } }: Settings): SluiceConfig {
  const entries = Object.entries(queues).map(([queue, { functions = [], ...config }]) => {
    const own = Object.assign({}, ...functions.map((one) => FUNCTIONS[one])) as Partial<QueueConfig>;
    return [queue, { ...ORDERS, ...config, ...own }];
  });
  return {
    queues: Object.fromEntries(entries) as SluiceConfig['queues'],
    ...(name === undefined ? {} : { name }),
    ...(enabled === undefined ? {} : { enabled }),
  };
}

export function applyFaults({ breakStorage }: Settings): void {
  if (!breakStorage) return;
  IDBFactory.prototype.open = () => {
    throw new DOMException('storage is forbidden here', 'UnknownError');
  };
}
