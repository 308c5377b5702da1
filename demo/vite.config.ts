import { defineConfig } from 'vite';

const root = import.meta.dirname;

/** The short form's script keeps its name, at the root: a service worker controls what lies below its script. */
export default defineConfig({
  root,
  build: {
    outDir: `${root}/dist`,
    rolldownOptions: {
      input: { app: `${root}/index.html`, sluice: `${root}/src/sluice.ts` },
      output: { entryFileNames: ({ name }) => (name === 'sluice' ? 'sluice.js' : 'assets/[name]-[hash].js') },
    },
  },
});
