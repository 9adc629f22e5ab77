// AWS's Encryption SDK in JavaScript, in Node.
import { fileURLToPath } from 'node:url';
import { javascriptTools } from '../../../tools/npm.mjs';
import { startPeer } from './peer.mjs';

const PROGRAM = fileURLToPath(new URL('../javascript-node/esdk.mjs', import.meta.url));

export const startJavaScript = async (emulator) =>
  startPeer(emulator, process.execPath, [PROGRAM, await javascriptTools()]);
