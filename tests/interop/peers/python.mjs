// AWS's Encryption SDK in Python.
import { fileURLToPath } from 'node:url';
import { venv } from '../../../tools/venv.mjs';
import { startPeer } from './peer.mjs';

const PROGRAM = fileURLToPath(new URL('../esdk.py', import.meta.url));

export const startPython = async (emulator) => startPeer(emulator, await venv('interop'), [PROGRAM]);
