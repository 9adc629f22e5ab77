/** Milliseconds that a timer can wait (HTML, "timer initialization steps": a long). */
export const LONGEST_TIMER_MS = 2_147_483_647;
