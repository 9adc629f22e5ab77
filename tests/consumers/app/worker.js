import { sealAndSend } from './seal.js';

sealAndSend('worker');
