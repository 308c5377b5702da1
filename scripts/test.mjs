import { install } from './install.mjs';
import { add, NOTHING } from './report.mjs';
import { ROOT } from './run.mjs';

process.chdir(ROOT);

/** `npm test`: every level, also after one has failed, so that one run tells all. Ends with one line of counts. */
await install();
const { clearReports, LEVELS } = await import('./levels.mjs');
clearReports();

let total = NOTHING;
for (const level of LEVELS) {
  console.log(`\n== ${level.name}`);
  total = add(total, await outcomeOf(level));
}
for (const reason of total.reasons) console.log(`skipped: ${reason}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
// Not left to the event loop: what a level forgot to close would keep it going for ever.
process.exit(total.failed > 0 ? 1 : 0);

async function outcomeOf({ name, run, count }) {
  const startedAt = Date.now();
  let error;
  try {
    await run();
  } catch (thrown) {
    error = thrown;
  }
  const outcome = countOf(name, count, error);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  console.log(`== ${name}: ${wordFor(outcome)} in ${seconds} s`);
  return outcome;
}

function wordFor({ failed, passed }) {
  if (failed > 0) return 'FAILED';
  return passed > 0 ? 'passed' : 'skipped';
}

/** The runner's own report is believed, but not against its exit code. */
function countOf(name, count, error) {
  const failed = { ...NOTHING, failed: 1 };
  if (error) console.error(`${name}: ${error.message}`);
  try {
    const counted = count?.();
    if (!counted) return error ? failed : { ...NOTHING, passed: 1 };
    return error && counted.failed === 0 ? add(counted, failed) : counted;
  } catch (unread) {
    console.error(`${name}: its report cannot be read: ${unread.message}`);
    return failed;
  }
}
