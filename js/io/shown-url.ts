/** A URL for messages: its query, fragment and user information may contain secrets. */
export const shown = (url: string | URL): string =>
  String(url)
    .split(/[?#]/)[0]!
    .replace(/\/\/[^/]*@/, '//');
