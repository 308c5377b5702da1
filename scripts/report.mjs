import { readFileSync } from 'node:fs';

/** What one level of the tests came to. */
/** @type {{ passed: number, failed: number, skipped: number, reasons: string[] }} */
export const NOTHING = { passed: 0, failed: 0, skipped: 0, reasons: [] };

export function add(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    reasons: [...a.reasons, ...b.reasons],
  };
}

/** Counts from Vitest's JSON report. */
export function readVitest(file) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const tests = report.testResults.flatMap((suite) => suite.assertionResults);
  const skipped = tests.filter(
    ({ status }) => status === 'pending' || status === 'skipped' || status === 'todo',
  );
  // A suite that could not even be loaded has no tests to fail.
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: skipped.length,
    reasons: skipped.map(({ fullName }) => fullName),
  };
}

/** Counts from Playwright's JSON report, with the reasons given for skips. */
export function readPlaywright(file) {
  const { stats, suites, errors } = JSON.parse(readFileSync(file, 'utf8'));
  const reasons = suites.flatMap(specsOf).flatMap(skipsOf);
  const failed = stats.unexpected + stats.flaky + errors.length;
  return { passed: stats.expected, failed, skipped: stats.skipped, reasons };
}

function specsOf(suite) {
  return [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
}

function skipsOf({ title, tests }) {
  return tests
    .filter(({ status }) => status === 'skipped')
    .map(({ projectName, annotations }) => {
      const why = annotations.find(({ type }) => type === 'skip')?.description ?? 'no reason given';
      return `${projectName}: ${title}: ${why}`;
    });
}
