/**
 * What only servers have: files to seal and to open, and responses.
 *
 * @module kmseal/node
 */
export { type FileSource, openFile } from './node/open-file.js';
export { type Opened, type RespondOptions, respond } from './node/respond.js';
