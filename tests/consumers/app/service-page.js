const { serviceWorker } = navigator;
await serviceWorker.register(new URL('./service-worker.js', import.meta.url), { type: 'module' });
const { active } = await serviceWorker.ready;
active.postMessage('seal');
