import { defineConfig } from 'vitest/config';

const projects = ['jsdom', 'happy-dom'].map((environment) => ({
  esbuild: { jsx: 'automatic' },
  test: { name: environment, environment, testTimeout: 120_000, isolate: false, setupFiles: ['./set-up.mjs'] },
}));

// Both files of a project in one process, which loads the test DOM once. The second one meets an element that is defined already.
export default defineConfig({ test: { projects, maxWorkers: 1 } });
