/** A request's address; in pages a relative one is relative to theirs. */
const absolute = (url: string) => new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);

/**
 * Watches whether the page's Content-Security-Policy forbids a request, which fails like a broken connection. All browsers say so before
 * XMLHttpRequest fails. After fetch fails they may say it too late to be heard.
 */
export function watchPolicy(url: string): { readonly forbidden: string | undefined; stop(): void } {
  let forbids = false;
  // A policy that only reports has the same event. Some browsers cut the address to its origin.
  const note = ({ effectiveDirective, disposition, blockedURI }: SecurityPolicyViolationEvent) => {
    const blocked = blockedURI.split(/[?#]/, 1)[0]!;
    if (effectiveDirective === 'connect-src' && disposition === 'enforce' && blocked)
      forbids ||= absolute(url).href.startsWith(blocked);
  };
  globalThis.addEventListener?.('securitypolicyviolation', note);
  return {
    /** What to tell about it, if it is. */
    get forbidden() {
      if (!forbids) return undefined;
      return `the page's Content-Security-Policy forbids requests to ${absolute(url).origin}; add it to connect-src`;
    },
    stop: () => globalThis.removeEventListener?.('securitypolicyviolation', note),
  };
}
