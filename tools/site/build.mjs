// The site: a folder of files for static hosting under any path.
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../run.mjs';
import { endBundling, styleOf } from './bundle.mjs';
import { readGuides } from './guides.mjs';
import { GUIDE_STYLES, guideIndex, guidePage, tryPage } from './pages.mjs';
import { addReference } from './reference.mjs';

/**
 * Builds the site from www/, docs/ and the package in dist/.
 *
 * @param {string} folder replaced once the new site is whole
 * @param {{ reference?: boolean }} [options] reference: with the API reference, which takes a minute
 */
export async function buildSite(folder, { reference = true } = {}) {
  const unfinished = `${folder}.new`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await writePages(unfinished);
    if (reference) await addReference(unfinished);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await endBundling();
  }
}

/** @param {string} folder */
async function writePages(folder) {
  const write = (name, text) => writeFile(path.join(folder, name), text);
  await mkdir(path.join(folder, 'guides'), { recursive: true });
  const guides = await readGuides();
  await write('index.html', await tryPage(guides));
  await write('guides.css', await styleOf(GUIDE_STYLES));
  await write('guides/index.html', guideIndex(guides));
  for (const guide of guides) {
    await write(`guides/${guide.name}.html`, guidePage(guide, guides));
    for (const picture of guide.pictures)
      await copyFile(path.join(ROOT, picture), path.join(folder, 'guides', path.basename(picture)));
  }
}
