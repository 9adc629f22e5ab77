import { roundTrip } from '../round-trip.js';

export const runtime = 'edge';
export const dynamic = 'force-dynamic';

export const GET = async () => new Response(await roundTrip('edge route'));
