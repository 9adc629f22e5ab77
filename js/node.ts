/**
 * What only servers have: files to seal and to open, and responses.
 *
 * @module kmseal/node
 */
export { type FileSource, openFile } from './open-file.js';
export { type Opened, type RespondOptions, respond } from './respond.js';
