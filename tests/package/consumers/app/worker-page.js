// Bundlers see this very expression.
new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
