import { defineConfig } from 'vite';

const root = import.meta.dirname;

/** The usage pages, built as a user would build them: scripts of service workers keep their names, at the root. */
export default defineConfig({
  root: `${root}/pages`,
  logLevel: 'warn',
  // Usage pages are development builds: what warns a developer is under test too.
  define: { 'process.env.NODE_ENV': '"development"' },
  build: {
    outDir: `${root}/dist`,
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: {
        short: `${root}/pages/short/index.html`,
        long: `${root}/pages/long/index.html`,
        prerendered: `${root}/pages/prerendered/index.html`,
        sluice: `${root}/pages/short/sluice.ts`,
        'nested/sluice': `${root}/pages/nested/sluice.ts`,
        sw: `${root}/pages/long/sw.ts`,
        foreign: `${root}/pages/foreign/sw.ts`,
      },
      output: {
        entryFileNames: ({ name }) =>
          ['sluice', 'nested/sluice', 'sw', 'foreign'].includes(name)
            ? '[name].js'
            : 'assets/[name]-[hash].js',
      },
    },
  },
  worker: { format: 'es' },
});
