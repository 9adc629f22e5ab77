import { roundTrip } from '../round-trip.js';

export const dynamic = 'force-dynamic';

export const GET = async () => new Response(await roundTrip('route handler'));
