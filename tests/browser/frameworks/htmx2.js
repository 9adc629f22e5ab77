import htmx from 'htmx2/dist/htmx.esm.js';
import 'kmseal/define';

globalThis.htmx = htmx;
