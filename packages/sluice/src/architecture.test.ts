import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = import.meta.dirname;

/** Which folders each may import from besides itself: those left of it, and no runtime folder another. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  store: ['core'],
  transport: ['core'],
  drain: ['core', 'store', 'transport'],
  host: ['core', 'store', 'transport', 'drain'],
  'service-worker': ['core', 'store', 'transport', 'drain', 'host'],
  worker: ['core', 'store', 'transport', 'drain', 'host'],
  // A page has no store.
  client: ['core'],
  auto: ['core', 'drain', 'service-worker', 'worker'],
  otel: ['core', 'client'],
  testing: ['core', 'store', 'transport', 'drain', 'host', 'client'],
};

/** The one place of each dependency. */
const DEPENDENCIES: Record<string, RegExp> = {
  idb: /^store\//,
  '@opentelemetry/api': /^otel\//,
  comlink: /^(host\/expose|client\/line)\.ts$/,
  'workbox-background-sync/Queue.js': /^service-worker\/wake\.ts$/,
  'workbox-background-sync/lib/StorableRequest.js': /^transport\/capture\.ts$/,
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|contract|kit)\.ts$|\.d\.ts$/.test(file))
  .map((file) => {
    const text = readFileSync(join(SRC, file), 'utf8');
    const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, source = '']) => source);
    return { file, text, imports };
  });

const folderOf = (file: string): string => file.split('/')[0] ?? '';

test('there are files to look at', () => {
  expect(files.length).toBeGreaterThan(50);
});

test('a folder imports only from those left of it', () => {
  const strays = files
    .filter(({ file }) => file.includes('/'))
    .flatMap(({ file, imports }) => {
      const own = folderOf(file);
      return imports
        .filter((source) => source.startsWith('.'))
        .map((source) => folderOf(relative(SRC, join(SRC, file, '..', source))))
        .filter((target) => target !== own && !MAY_IMPORT[own]?.includes(target))
        .map((target) => `${file} imports from ${target}`);
    });
  expect(strays).toEqual([]);
});

test('each dependency has its one place', () => {
  const strays = files.flatMap(({ file, imports }) =>
    imports
      .filter((source) => !source.startsWith('.') && !DEPENDENCIES[source]?.test(file))
      .map((source) => `${file} imports ${source}`),
  );
  expect(strays).toEqual([]);
});

test('a file is one idea: 400 lines at the very most', () => {
  const long = files.filter(({ text }) => text.split('\n').length > 400).map(({ file }) => file);
  expect(long).toEqual([]);
});
