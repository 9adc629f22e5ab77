import { sealAndSend } from './seal.js';

sealAndSend('page');
