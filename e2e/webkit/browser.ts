import type { Browser, BrowserContext, Page } from '@playwright/test';
import { type Session, startSession } from './session.js';

/**
 * As much of Playwright's Browser as the tests use, over WebDriver: the same tests run in a third engine. What is not
 * here throws by name where a test asks for it.
 */
export function webKitBrowser(): Browser {
  return standIn<Browser>('Browser', {
    newContext: async () => createContext(await startSession()),
    close: async () => undefined,
    version: () => 'WebKitGTK',
    contexts: () => [],
    isConnected: () => true,
    // Playwright looks here for headers to send along.
    ...({ _connection: {} } as object),
  });
}

function createContext(session: Session): BrowserContext {
  const pages: Page[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  /** WebDriver has one current window: whoever uses one waits for the others. */
  const inWindow = <T>(handle: string, work: () => Promise<T>): Promise<T> => {
    const done = turn.then(async () => {
      await session.ask('POST', '/window', { handle });
      return work();
    });
    turn = done.catch(() => undefined);
    return done;
  };
  const context: BrowserContext = standIn<BrowserContext>('BrowserContext', {
    newPage: async () => {
      const opening = turn.then(() =>
        session.ask<{ handle: string }>('POST', '/window/new', { type: 'tab' }),
      );
      turn = opening.catch(() => undefined);
      const { handle } = await opening;
      const page = createPage(context, session, (work) => inWindow(handle, work));
      pages.push(page);
      return page;
    },
    pages: () => pages,
    addCookies: async (cookies) => {
      for (const { name, value } of cookies)
        await (pages[0] as Page).evaluate((pair) => void (document.cookie = pair), `${name}=${value}`);
    },
    on: (): BrowserContext => context,
    close: () => session.end(),
  });
  return context;
}

function createPage(
  context: BrowserContext,
  session: Session,
  inWindow: <T>(work: () => Promise<T>) => Promise<T>,
): Page {
  const run = <T>(script: string, ...args: unknown[]): Promise<T> =>
    inWindow(() => session.ask<T>('POST', '/execute/async', { script, args }));
  const evaluate = (work: unknown, arg?: unknown): Promise<unknown> => evaluateIn(run, work, arg);
  const page: Page = standIn<Page>('Page', {
    context: () => context,
    on: (): Page => page,
    goto: (url: string) => inWindow(() => session.ask<null>('POST', '/url', { url })),
    reload: () => inWindow(() => session.ask<null>('POST', '/refresh')),
    goBack: () => inWindow(() => session.ask<null>('POST', '/back')),
    close: () => inWindow(async () => void (await session.ask('DELETE', '/window'))),
    evaluate: evaluate as Page['evaluate'],
    waitForFunction: (async (work: unknown, arg: unknown) => {
      // A page that is left answers nothing.
      while (!(await evaluate(work, arg).catch(() => false))) await pause();
    }) as unknown as Page['waitForFunction'],
  });
  return page;
}

/**
 * Begins the work and looks for its end: a command of WebDriver that waits would hold up those for other windows.
 */
async function evaluateIn(
  run: <T>(script: string, ...args: unknown[]) => Promise<T>,
  work: unknown,
  arg: unknown,
): Promise<unknown> {
  const id = `e2e-${Math.random()}`;
  const call = typeof work === 'function' ? `(${String(work)})(arg)` : String(work);
  const begin = `
    const [id, arg, answer] = arguments;
    const done = (async () => ${call})().then(JSON.stringify).then(
      (value) => { globalThis[id] = { kind: 'done', value }; },
      (error) => { globalThis[id] = { kind: 'failed', message: String(error), stack: error.stack }; });
    globalThis[id] = { kind: 'pending' };
    Promise.race([done, new Promise((resolve) => setTimeout(resolve, 50))]).then(() => answer(globalThis[id]));`;
  const look = 'const [id, answer] = arguments; answer(globalThis[id] ?? null);';
  let state = await run<State | null>(begin, id, arg ?? null);
  while (state?.kind === 'pending') {
    await pause();
    state = await run<State | null>(look, id);
  }
  if (!state) throw new Error('page.evaluate: the page was left meanwhile');
  if (state.kind === 'failed') throw new Error(`page.evaluate: ${state.message}\n${state.stack}`);
  return typeof state.value === 'string' ? (JSON.parse(state.value) as unknown) : undefined;
}

type State =
  | { kind: 'pending' }
  | { kind: 'done'; value?: string | null }
  | { kind: 'failed'; message: string; stack: string };

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function standIn<T extends object>(name: string, members: Partial<T>): T {
  return new Proxy(members, {
    get: (target, key) => {
      if (key in target) return target[key as keyof T];
      // Whoever asks by a symbol, or whether it is a promise, looks whether it is there.
      if (typeof key === 'symbol' || key === 'then' || key.startsWith('_')) return undefined;
      return () => {
        throw new Error(`${name}.${key} is not built for WebKit`);
      };
    },
  }) as T;
}
