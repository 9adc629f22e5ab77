// AWS's Encryption SDK in Go.
import { goEsdk } from '../../../tools/go-esdk.mjs';
import { startPeer } from './peer.mjs';

export const startGo = async (emulator) => startPeer(emulator, await goEsdk(), []);
