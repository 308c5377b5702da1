import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PACKAGE = join(import.meta.dirname, '..');

test.each(['express.mjs', 'hono.mjs', 'edge.mjs'])('the README shows %s as the tests run it', (name) => {
  const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
  expect(readme).toContain(readFileSync(join(PACKAGE, 'examples', name), 'utf8').trimEnd());
});
