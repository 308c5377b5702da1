import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { ROOT } from './run.mjs';

process.chdir(ROOT);

/** What the service of the demo can take: ten requests a second, a few more in line. */
const CAPACITY = {
  ratePerSecond: 10,
  queueLimit: 10,
  baseLatencyMs: 40,
  overload: { status: 503, retryAfter: '2' },
};

/** `npm start`: the demo and the fragile service behind it, on loopback. `npm start -- --gate`: a burst without the gate and behind it. */
const options = readOptions();
await install();
await build();
if (options.gate) await showGate();
else await serve(options.port);

function readOptions() {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '4810' }, gate: { type: 'boolean', default: false } },
  });
  const port = Number(values.port);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return { port, gate: values.gate };
  return fail(`--port ${values.port} is no port; allowed: 0 (any that is free) to 65535.`);
}

/** It ends by itself. */
async function showGate() {
  const { requirePostgres } = await import('./postgres.mjs');
  await requirePostgres();
  const { showBurst } = await import('../packages/gate/demo/burst.mjs');
  await showBurst();
  process.exit(0);
}

async function serve(wanted) {
  const { startOrigin } = await import('../packages/origin/dist/index.js');
  try {
    const origin = await startOrigin({
      port: wanted,
      staticDirs: ['demo/dist'],
      control: true,
      behaviour: CAPACITY,
    });
    console.log(`\n  Sluice demo: ${origin.url}\n  Ctrl-C ends it.\n`);
    process.once('SIGINT', () => void origin.close().then(() => process.exit(0)));
  } catch (error) {
    fail(error.message);
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
