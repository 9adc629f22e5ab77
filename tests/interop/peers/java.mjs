// AWS's Encryption SDK in Java.
import { QUICK, javaEsdk } from '../../../tools/java-esdk.mjs';
import { startPeer } from './peer.mjs';

export const startJava = async (emulator) => startPeer(emulator, 'java', [...QUICK, '-cp', await javaEsdk(), 'Esdk']);
