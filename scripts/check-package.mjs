import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

/**
 * The package as its users get it: packed, checked for its shape, and installed in an empty project that type-checks and
 * builds both forms, with Vite and with plain esbuild.
 */
const LIBRARY = join(ROOT, 'packages', 'sluice');
const LIBRARY_TEXTS = ['README.md', 'LICENSE', 'SECURITY.md', 'docs/guide.md'];
const GATE = join(ROOT, 'packages', 'gate');
const project = mkdtempSync(join(tmpdir(), 'sluice-package-'));
try {
  const tarball = pack(LIBRARY, project, LIBRARY_TEXTS);
  for (const one of [tarball, pack(GATE, project, ['README.md', 'LICENSE'])]) {
    await run('publint', [one, '--strict']);
    await run('attw', [one, '--profile', 'esm-only', '--quiet']);
  }
  installIn(project, tarball);
  inProject('tsc', ['-p', '.']);
  inProject('vite', ['build']);
  expectFiles('dist/index.html', 'dist/sluice.js', 'dist/sw.js');
  inProject('esbuild', [
    'short.ts',
    'sw.ts',
    'drainer.ts',
    'app.ts',
    '--bundle',
    '--format=esm',
    '--outdir=plain',
  ]);
  expectFiles('plain/short.js', 'plain/sw.js', 'plain/drainer.js', 'plain/app.js');
  await run('knip', ['--no-progress']);
} finally {
  rmSync(project, { recursive: true, force: true });
}

function pack(library, folder, texts) {
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: library, encoding: 'utf8' }),
  );
  for (const text of texts)
    if (!files.some(({ path }) => path === text))
      throw new Error(`${text} is not in the package: npm run build`);
  return join(folder, filename);
}

/** As a user would: the tarball, and the tools of its own choice. */
function installIn(folder, tarball) {
  cpSync(join(ROOT, 'scripts', 'package-check'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const { devDependencies } = JSON.parse(
    execFileSync('npm', ['pkg', 'get', '--json'], { cwd: ROOT, encoding: 'utf8' }),
  );
  const tools = ['typescript', 'vite'].map((name) => `${name}@${devDependencies[name]}`);
  const args = ['install', '--silent', '--no-audit', '--no-fund', tarball, ...tools, 'esbuild@^0.28'];
  execFileSync('npm', args, { cwd: folder, stdio: 'inherit' });
}

function inProject(tool, args) {
  execFileSync(join(project, 'node_modules', '.bin', tool), args, { cwd: project, stdio: 'inherit' });
}

function expectFiles(...files) {
  const missing = files.filter((file) => !existsSync(join(project, file)));
  if (missing.length > 0) throw new Error(`the build of the package left out ${missing.join(', ')}`);
}
