// AWS's Encryption SDK in Rust.
import { rustEsdk } from '../../../tools/rust-esdk.mjs';
import { startPeer } from './peer.mjs';

export const startRust = async (emulator) => startPeer(emulator, await rustEsdk(), []);
