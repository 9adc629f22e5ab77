import { createAnnouncer } from '/announcer.js';
import { watchArrivals } from '/arrivals.js';
import { loadKey } from '/key-card.js';

watchArrivals(createAnnouncer(document.getElementById('status')), { way: location.pathname.slice(1) });
await loadKey();
