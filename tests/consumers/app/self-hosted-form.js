import { load } from 'kmseal';
import url from 'kmseal/kmseal.wasm';
import { sealInForm } from './form.js';

await load(url);
sealInForm();
