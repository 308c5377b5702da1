import { install } from './install.mjs';
import { add, NOTHING } from './report.mjs';
import { ROOT } from './run.mjs';

process.chdir(ROOT);

/**
 * `npm test`: every level, also after one has failed, so that one run tells all. Ends with what was skipped and what failed,
 * and one line of counts.
 */
await install();
const { clearReports, LEVELS } = await import('./levels.mjs');
clearReports();

let total = NOTHING;
for (const level of LEVELS) {
  console.log(`\n== ${level.name}`);
  total = add(total, await outcomeOf(level));
}
for (const skip of total.skips) console.log(`skipped: ${skip}`);
for (const failure of total.failures) console.log(`FAILED: ${failure}`);
console.log(`\n${total.passed} passed, ${total.failures.length} failed, ${total.skips.length} skipped`);
// Not left to the event loop: what a level forgot to close would keep it going for ever.
process.exit(total.failures.length > 0 ? 1 : 0);

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

function wordFor({ failures, passed }) {
  if (failures.length > 0) return 'FAILED';
  return passed > 0 ? 'passed' : 'skipped';
}

/** The runner's own report is believed, but not against its exit code. */
function countOf(name, count, error) {
  const failed = (why) => ({ ...NOTHING, failures: [`${name}: ${why}`] });
  if (error) console.error(`${name}: ${error.message}`);
  try {
    const counted = count?.() ?? { ...NOTHING, passed: error ? 0 : 1 };
    const isUntold = error && counted.failures.length === 0;
    return isUntold ? add(counted, failed(error.message)) : counted;
  } catch (unread) {
    return failed(`its report cannot be read: ${unread.message}`);
  }
}
