import htmx from 'htmx.org/dist/htmx.esm.js';
import 'kmseal/define';

globalThis.htmx = htmx;
