import { build, type Plugin } from 'vite';
import pages from './vite.config.js';

const here = import.meta.dirname;

/** Playwright's global set-up: the usage pages and the demo, from the library as it is built. */
export default async function buildPages(): Promise<void> {
  await build({ ...pages, configFile: false });
  await buildVersion('next', /const PROTOCOL = (\d+)/);
  await buildVersion('newer', /const SCHEMA = (\d+)/);
  await build({ configFile: `${here}/../demo/vite.config.ts`, logLevel: 'warn' });
}

/** The short form as a later version would build it: one number is raised. Its page at `/NAME/short/`, its script at the root. */
async function buildVersion(name: string, number: RegExp): Promise<void> {
  const plugins = [raise(number)];
  const page = { rolldownOptions: { input: { short: `${here}/pages/short/index.html` } } };
  const shared = { ...pages, configFile: false as const, plugins };
  await build({
    ...shared,
    base: `/${name}/`,
    build: { ...pages.build, ...page, outDir: `${here}/dist/${name}` },
  });
  const script = { [`sluice-${name}`]: `${here}/pages/short/sluice.ts` };
  const output = { entryFileNames: '[name].js', codeSplitting: false };
  const rolldownOptions = { input: script, output };
  await build({ ...shared, build: { ...pages.build, emptyOutDir: false, rolldownOptions } });
}

function raise(number: RegExp): Plugin {
  let isRaised = false;
  return {
    name: 'raise',
    transform(code) {
      const found = number.exec(code);
      if (!found) return undefined;
      isRaised = true;
      return code.replace(
        found[0],
        found[0].replace(/\d+$/, (digits) => String(Number(digits) + 1)),
      );
    },
    buildEnd() {
      if (!isRaised) throw new Error(`nothing matches ${number}: the version built is the same`);
    },
  };
}
