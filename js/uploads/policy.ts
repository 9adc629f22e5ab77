/**
 * Watches whether the page's Content-Security-Policy forbids a request, which fails like a broken connection. All browsers say so before
 * XMLHttpRequest fails. After fetch fails they may say it too late to be heard.
 */
export function watchPolicy(url: string): { readonly forbids: boolean; stop(): void } {
  let forbids = false;
  // A policy that only reports has the same event. Some browsers cut the address to its origin.
  const note = ({ effectiveDirective, disposition, blockedURI }: SecurityPolicyViolationEvent) => {
    if (effectiveDirective === 'connect-src' && disposition === 'enforce')
      forbids ||= url.startsWith(blockedURI.split(/[?#]/, 1)[0]!);
  };
  globalThis.addEventListener?.('securitypolicyviolation', note);
  return {
    get forbids() {
      return forbids;
    },
    stop: () => globalThis.removeEventListener?.('securitypolicyviolation', note),
  };
}
