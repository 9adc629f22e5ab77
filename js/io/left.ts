import { unlessAborted } from './abort.js';

/**
 * Does work again if the page was left meanwhile and the browser shows it again: in Firefox 153 what was in progress then may never end, and
 * everybody who waits for its promise would wait with it.
 */
export async function evenIfLeft<T>(work: () => Promise<T>): Promise<T> {
  const page = globalThis as Partial<typeof globalThis>;
  for (;;) {
    const left = new AbortController();
    const back = ({ persisted }: PageTransitionEvent) => {
      if (persisted) left.abort();
    };
    page.addEventListener?.('pageshow', back);
    try {
      return await unlessAborted(work(), left.signal);
    } catch (error) {
      if (!left.signal.aborted) throw error;
    } finally {
      page.removeEventListener?.('pageshow', back);
    }
  }
}
