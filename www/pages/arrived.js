import { createAnnouncer } from '../widgets/announcer.js';
import { watchArrivals } from '../widgets/arrivals.js';

watchArrivals(createAnnouncer());
