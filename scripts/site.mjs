// npm run site: the site in site/, for any static host and any path: the page where a reader tries the library, the guides, the API reference.
//
//     node scripts/site.mjs      sets up and builds the package first
import path from 'node:path';
import { ROOT } from '../tools/run.mjs';
import { PACKAGE, setup } from './setup.mjs';

try {
  await setup([...PACKAGE, 'checks', 'site']);
  // Only now, since these need node_modules.
  const { build } = await import('./build.mjs');
  console.log('building the package');
  await build();
  const { buildSite } = await import('../tools/site/build.mjs');
  console.log('building the site');
  await buildSite(path.join(ROOT, 'site'));
  console.log('site/ is built: put the folder on any static host, or open site/index.html');
} catch (error) {
  console.error(`site: ${error.message}`);
  process.exitCode = 1;
}
