import { roundTrip } from '../round-trip.js';

export const dynamic = 'force-dynamic';

export default async function Rendered() {
  return <output>{await roundTrip('server component')}</output>;
}
