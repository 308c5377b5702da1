import { parseArgs } from 'node:util';
import { buildBenchPages } from './bench-pages.mjs';
import { launchOptions } from './browsers.mjs';
import { install } from './install.mjs';
import { ROOT, run } from './run.mjs';

/** A real Chromium, fifty requests a second, a service that flaps. Throws where something was lost or has grown. */
export async function soakFor(minutes) {
  const { inLab } = await import('../packages/bench/dist/lab.js');
  const { complaints, soak } = await import('../packages/bench/dist/soak.js');
  const pagesDir = await buildBenchPages();
  const soaked = await inLab(
    { pagesDir, engine: 'chromium', launch: await launchOptions('chromium') },
    (lab) => soak(lab, minutes),
  );
  console.table(soaked);
  const wrong = complaints(soaked);
  if (wrong.length > 0) throw new Error(`the soak of ${minutes} min: ${wrong.join('; ')}.`);
}

/** `npm run soak [-- --minutes 10]` */
if (process.argv[1] === import.meta.filename) {
  process.chdir(ROOT);
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
  await install();
  await run('tsc', ['-b', 'packages/sluice', 'packages/origin', 'packages/bench']);
  await soakFor(Number(values.minutes));
}
