import { createAnnouncer } from '../widgets/announcer.js';
import { watchArrivals } from '../widgets/arrivals.js';
import { watchCopyButtons } from '../widgets/copy.js';
import { loadKey } from '../widgets/key-card.js';

const announcer = createAnnouncer();
watchCopyButtons(announcer);
watchArrivals(announcer, { way: location.pathname.slice(1) });
await loadKey();
