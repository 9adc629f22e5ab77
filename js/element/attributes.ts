import { ALIAS, ATTRIBUTE } from './binding.js';

/** The attributes that the native input gets too. */
export const MIRRORED = ['accept', 'multiple', 'capture', 'webkitdirectory'];
/** The attributes that determine the key: when they change, files that were sealed before are sealed again. */
export const SEALING = ['key-src', 'fingerprint', 'key-id', 'key-usage', 'experimental', 'meta-name'];
export const CONTEXT = [ATTRIBUTE, ALIAS];
/** All that the element watches. */
export const OBSERVED = /* @__PURE__ */ ['name', 'required', 'aria-label'].concat(MIRRORED, SEALING, CONTEXT);

/** Gives an element the same value of an attribute, or none. */
export function mirror(target: Element, name: string, value: string | null): void {
  if (value === null) target.removeAttribute(name);
  else target.setAttribute(name, value);
}
