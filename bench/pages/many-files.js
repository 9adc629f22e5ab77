import { sealerAndOpener } from './tools.js';

/** Seconds of sealing the chosen files in the element and with the Sealer alone, and the milliseconds of the element's longest task. */
export async function manyFiles() {
  await import('/dist/define.js');
  const { files } = document.querySelector('input');
  const { sealer } = await sealerAndOpener();
  await sealer.seal(files[0]);

  const start = performance.now();
  for (const file of files) await sealer.seal(file);
  const alone = (performance.now() - start) / 1000;

  const element = Object.assign(document.createElement('kmseal-file'), {
    name: 'doc',
    multiple: true,
    encryptionContext: {},
    sealer,
  });
  const form = document.createElement('form');
  form.append(element);
  document.body.append(form);
  await new Promise((resolve) => setTimeout(resolve, 100));
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ type: 'longtask' });
  const began = performance.now();
  const done = new Promise((resolve) => element.addEventListener('change', resolve));
  element.add(files);
  await done;
  const seconds = (performance.now() - began) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 500));
  observer.disconnect();
  if (new FormData(form).getAll('doc').length !== files.length) throw new Error('files are missing in the form');
  return { alone, element: seconds, longest };
}
