import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/**
 * What one level of the tests came to: what failed and what was skipped each with its reason.
 *
 * @type {{ passed: number, failures: string[], skips: string[] }}
 */
export const NOTHING = { passed: 0, failures: [], skips: [] };

export function add(a, b) {
  return {
    passed: a.passed + b.passed,
    failures: [...a.failures, ...b.failures],
    skips: [...a.skips, ...b.skips],
  };
}

/** Vitest's JSON report. */
export function readVitest(file) {
  const { testResults: suites } = JSON.parse(readFileSync(file, 'utf8'));
  const tests = suites.flatMap((suite) => suite.assertionResults);
  const of = (...statuses) => tests.filter(({ status }) => statuses.includes(status));
  // A suite that could not even be loaded has no tests to fail.
  const broken = suites.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0);
  return {
    passed: of('passed').length,
    failures: [
      ...of('failed').map((test) => `${test.fullName}: ${briefly(test.failureMessages[0])}`),
      ...broken.map((suite) => `${suite.name}: ${briefly(suite.message)}`),
    ],
    skips: of('pending', 'skipped', 'todo').map(({ fullName }) => fullName),
  };
}

/** Playwright's JSON report, with the reasons given for skips. */
export function readPlaywright(file) {
  const { suites, errors } = JSON.parse(readFileSync(file, 'utf8'));
  const tests = suites.flatMap(specsOf).flatMap(testsOf);
  const of = (...statuses) => tests.filter(({ status }) => statuses.includes(status));
  return {
    passed: of('expected').length,
    failures: [
      ...of('unexpected', 'flaky').map((test) => `${test.title}: ${briefly(errorOf(test))}`),
      ...errors.map(({ message }) => briefly(message)),
    ],
    skips: of('skipped').map((test) => `${test.title}: ${reasonOf(test)}`),
  };
}

function specsOf(suite) {
  return [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
}

function testsOf({ title, tests }) {
  return tests.map((test) => ({ ...test, title: `${test.projectName}: ${title}` }));
}

function reasonOf({ annotations }) {
  return annotations.find(({ type }) => type === 'skip')?.description ?? 'no reason given';
}

/** Of a flaky test the try that failed. */
function errorOf({ results }) {
  return results.find(({ error }) => error)?.error.message;
}

/** Enough of a message to know one failure from another, on one line, without its colours and its stack. */
function briefly(message = 'no message') {
  const [said] = stripVTControlCharacters(message).split('\n    at ');
  const plain = said.replace(/\s+/g, ' ').trim();
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain;
}
