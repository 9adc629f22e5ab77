// For users who host the .wasm themselves: their bundler copies it and provides its URL.
import { load } from 'kmseal';
import url from 'kmseal/kmseal.wasm';
import { sealAndSend } from './seal.js';

await load(url);
sealAndSend('page');
