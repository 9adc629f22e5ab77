import { sealAndSend } from './seal.js';

addEventListener('message', (event) => event.waitUntil(sealAndSend('service worker')));
