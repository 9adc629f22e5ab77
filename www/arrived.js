import { createAnnouncer } from '/announcer.js';
import { watchArrivals } from '/arrivals.js';

watchArrivals(createAnnouncer(document.getElementById('status')));
