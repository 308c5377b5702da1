import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { ROOT } from './run.mjs';

/**
 * `npm run test:sizes`: what each capability costs, in kB gzipped: the bundle with it, less the bundle without the files that
 * are there for it alone.
 */
const CAPABILITIES = {
  'idb, comlink, workbox': /\/(idb|comlink|workbox-core|workbox-background-sync)\//,
  'the flow controller': /\/core\/(flow\/|retry-after)/,
  'the checks of config and options':
    /\/core\/(validate|queue-rules|context|policy-patch|job-options|json-like)/,
  users: /\/(store\/(identity|owners|clear)|core\/identity|drain\/identity-source|host\/users)/,
  sealing: /\/(transport\/(seal|cipher)|drain\/sealing-key)/,
  batches: /\/transport\/(batch|parted)/,
  'ordering keys, priorities, later jobs': /\/(store\/(groups|line)|core\/line)/,
  'dedupe, supersede, after': /\/store\/(twins|dependents)/,
  'full queues': /\/store\/(room|oldest)/,
  'the network first, and directly':
    /\/(store\/(first-try|direct)|service-worker\/(first-try|network-first|same-tries|key-turns|broken-pace)|transport\/direct)/,
  'answers that are held, and Prefer': /\/(core\/(prefer|held|receipt)|drain\/(settled|respond))/,
  'limits over queues': /\/store\/pacers/,
  verdicts: /\/(core\/verdict|transport\/(judge|answer))/,
  'commands and views':
    /\/(store\/(control|job-commands|redrive|query|export|adopt|lease-commands)|host\/(commands|edit|job-desk|arguments|page-news|news-desk)|core\/views)/,
  'counts and metrics': /\/core\/(metrics|queue-metrics|queue-view)/,
  'schemas before, storage that vanished': /\/(store\/migrate|host\/vanished)/,
  sweeping: /\/store\/sweep/,
  'sends that outlive their pages': /\/service-worker\/carrier/,
  'leadership, leases of others': /\/(drain\/leadership|store\/leases)/,
};

const ENTRIES = {
  client: { file: 'client/index.js' },
  worker: { file: 'worker/index.js' },
  'service worker': { file: 'service-worker/index.js' },
};

/** Nothing but the names that a file exports. */
function hollow(text) {
  const names = [...text.matchAll(/^export (?:async )?(?:function\*?|class|const|let) (\w+)/gm)].map(
    ([, name]) => name,
  );
  const listed = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.split(','));
  names.push(...listed.map((one) => one.trim().split(' as ').at(-1)).filter((name) => name !== ''));
  return names
    .map((name) => (name === 'default' ? 'export default null;' : `export const ${name} = null;`))
    .join('\n');
}

/** Bytes of an entry, minified and gzipped, without the files that match. */
async function sizeOf({ file, external = [] }, without = []) {
  const leaveOut = {
    name: 'leave-out',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.m?js$/ }, ({ path }) =>
        without.some((pattern) => pattern.test(path))
          ? { contents: hollow(readFileSync(path, 'utf8')) }
          : undefined,
      ),
  };
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}/packages/sluice/dist/${file}`],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    external,
    plugins: [leaveOut],
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

async function columnOf(options) {
  const whole = await sizeOf(options);
  const column = { whole };
  for (const [name, pattern] of Object.entries(CAPABILITIES))
    column[name] = whole - (await sizeOf(options, [pattern]));
  column['what is left without all of these'] = await sizeOf(options, Object.values(CAPABILITIES));
  return column;
}

const columns = {};
for (const [entry, options] of Object.entries(ENTRIES)) columns[entry] = await columnOf(options);
const rows = Object.keys(columns.worker).map((name) => {
  const cells = Object.entries(columns).map(([entry, column]) => [entry, (column[name] / 1000).toFixed(1)]);
  return [name, Object.fromEntries(cells)];
});
console.table(Object.fromEntries(rows));

for (const name of Object.keys(CAPABILITIES)) {
  if (Object.values(columns).every((column) => column[name] < 100))
    throw new Error(`nothing is left of '${name}': its files have moved`);
}
