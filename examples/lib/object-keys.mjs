// From the keys in events and manifests to objects, to the context they were sealed with, and to the targets. Change
// this if your page names or seals differently. Two sources must never have the same target.
import { Refused } from './failures.mjs';

const ENDING = '.kmseal';

/** What a page names the description of the file at KEY. */
const DESCRIPTION = '.description';

/** Keys in events and manifests are form-encoded: `my+file%26.kmseal`. */
export const rawKey = (encoded) => decodeURIComponent(encoded.replaceAll('+', ' '));
export const decodeKey = (encoded) => withoutDots(rawKey(encoded));

/** The key of a file's description. */
export const besideKey = (key) => key + DESCRIPTION;

/** The key of the file that the object at this key describes, if it is a description. */
export const describedBy = (key) => (key.endsWith(DESCRIPTION) ? key.slice(0, -DESCRIPTION.length) : undefined);

/** uploads/USER/NAME: the page seals with the user's id, so that nobody can pass another person's envelope off as theirs. */
export function contextOf(key) {
  const [, user] = /^uploads\/([^/]+)\/./s.exec(key) ?? [];
  if (!user) throw new Refused('the key is not of the form uploads/USER/NAME, so it is not known whose envelope it is');
  return { purpose: 'upload', user };
}

/** Where the plaintext of NAME.kmseal goes. Without the ending `a` would go where `a.kmseal` goes. */
export function plainKey(key) {
  const plain = key.slice(0, -ENDING.length);
  if (!key.endsWith(ENDING) || plain === '' || plain.endsWith('/'))
    throw new Refused(`the key is not a name that ends in ${ENDING}`);
  return withoutDots(plain);
}

/** Programs that store objects as files, or write keys into URLs, would take such segments for parent folders. */
export function withoutDots(key) {
  if (key.split('/').some((segment) => segment === '.' || segment === '..'))
    throw new Refused('the key has a segment . or ..');
  return key;
}
