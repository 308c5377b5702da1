import { defineConfig } from 'vite';

const root = `${import.meta.dirname}/pages`;
const peers = ['floor', 'told', 'raw', 'grouped', 'accepting', 'counted', 'workbox', 'listener'];
const scripts = [...peers.map((name) => `peer/${name}`), 'sluice'];

/** The pages that are measured, as an app would ship them: for production, minified. */
export default defineConfig({
  root,
  logLevel: 'warn',
  build: {
    outDir: `${import.meta.dirname}/dist/pages`,
    emptyOutDir: true,
    rolldownOptions: {
      input: {
        'pages/sluice': `${root}/sluice/index.html`,
        'pages/peer': `${root}/peer/index.html`,
        'pages/store': `${root}/store/index.html`,
        ...Object.fromEntries(scripts.map((name) => [name, `${root}/workers/${name.split('/').at(-1)}.ts`])),
      },
      output: {
        entryFileNames: ({ name }) => (scripts.includes(name) ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es' },
});
