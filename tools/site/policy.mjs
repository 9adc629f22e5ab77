// Content-Security-Policies of the site's pages. They stand in the documents, since a static host sends no headers of ours; `frame-ancestors`
// and `sandbox`, which count in headers only, are left out.
import { createHash } from 'node:crypto';

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const policy = (directives) =>
  Object.entries(directives)
    .map(([name, sources]) => [name, ...sources].join(' '))
    .join('; ');

export const metaOf = (content) => `<meta http-equiv="Content-Security-Policy" content="${content}">`;

/**
 * For a page that loads nothing at all, whose script and style are in it. `default-src` covers connect-src, too; it is spelled out since
 * readers look for it.
 *
 * @param {{ script: string, style: string }} inline
 */
export const sealedPolicy = ({ script, style }) =>
  policy({
    'default-src': ["'none'"],
    'connect-src': ["'none'"],
    'script-src': [hash(script), "'wasm-unsafe-eval'"],
    'style-src': [hash(style)],
    // The icon.
    'img-src': ['data:'],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
  });

/** For the guides, which have no script. */
export const guidePolicy = policy({
  'default-src': ["'none'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
});

/**
 * For a page of the API reference, as TypeDoc or rustdoc wrote it: everything is the site's own, and scripts that stand in the page are
 * named by their hash. Styles may stand anywhere, since TypeDoc's script writes those of its filters.
 *
 * @param {string} html
 */
export function referencePolicy(html) {
  const scripts = Array.from(html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([^]*?)<\/script>/g), ([, text]) => hash(text));
  return policy({
    'default-src': ["'none'"],
    'script-src': ["'self'", ...new Set(scripts)],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
  });
}
