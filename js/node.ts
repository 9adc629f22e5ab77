/**
 * What only servers have: files to seal and to open.
 *
 * @module kmseal/node
 */
export { type FileSource, openFile } from './open-file.js';
