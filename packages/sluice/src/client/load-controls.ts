import { SluiceError, sentenceOf } from '../core/errors.js';
import type { Controls } from './controls.js';
import { within } from './host-link.js';
import type { Sluice } from './sluice.js';

/** The members of the page object that are loaded behind it. */
export type Loaded = Pick<Sluice, keyof Sluice & keyof Controls>;

const LOADED: Record<keyof Loaded, true> = {
  cancel: true,
  clear: true,
  counts: true,
  edit: true,
  export: true,
  get: true,
  hold: true,
  identify: true,
  list: true,
  metrics: true,
  nudge: true,
  pause: true,
  redrive: true,
  release: true,
  resume: true,
  setContext: true,
  setPolicy: true,
  settled: true,
};

export type LoadControls = () => Promise<Controls>;

/** A network that takes the request and never answers holds nobody up for longer: an `import()` alone has no deadline. */
const LOAD_MS = 5000;

/** Loaded once; what failed, or is late, is asked for again by whoever asks next. @throws SluiceError `script-failed` */
export function loadOnce(load: LoadControls): LoadControls {
  let loading: Promise<Controls> | undefined;
  return () => {
    loading ??= within(LOAD_MS, load(), 'the network').catch((cause: unknown) => {
      loading = undefined;
      const sentence = `a part of the page's script did not load (${sentenceOf(cause)}). Try again, or reload the page.`;
      throw new SluiceError('script-failed', sentence, { cause });
    });
    return loading;
  };
}

/** Each waits for the chunk. */
export function whenLoaded(load: LoadControls): Loaded {
  const names = Object.keys(LOADED) as (keyof Loaded)[];
  const entries = names.map((name) => [name, (...args: unknown[]) => call(load, name, args)]);
  return Object.fromEntries(entries) as Loaded;
}

async function call(load: LoadControls, name: keyof Loaded, args: unknown[]): Promise<unknown> {
  const member = (await load())[name] as (...args: unknown[]) => Promise<unknown>;
  return member(...args);
}
