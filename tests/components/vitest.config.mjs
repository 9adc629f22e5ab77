import { defineConfig } from 'vitest/config';

const projects = ['jsdom', 'happy-dom'].map((environment) => ({
  esbuild: { jsx: 'automatic' },
  test: { name: environment, environment, testTimeout: 120_000, setupFiles: ['./set-up.mjs'] },
}));

export default defineConfig({ test: { projects } });
