import { defineConfig } from 'vite';

export default defineConfig({
  logLevel: 'warn',
  build: {
    rolldownOptions: {
      input: { app: 'index.html', sluice: 'short.ts', sw: 'sw.ts' },
      output: { entryFileNames: '[name].js' },
    },
  },
  worker: { format: 'es' },
});
