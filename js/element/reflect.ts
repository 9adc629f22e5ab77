import { ALIAS } from './binding.js';
import { FormControl } from './control.js';

const STRINGS = {
  name: 'name',
  accept: 'accept',
  keySrc: 'key-src',
  keyId: 'key-id',
  keyUsage: 'key-usage',
  fingerprint: 'fingerprint',
  metaName: 'meta-name',
};
const NUMBERS = { maxFiles: 'max-files', maxSize: 'max-size' };
const BOOLEANS = {
  required: 'required',
  multiple: 'multiple',
  disabled: 'disabled',
  webkitdirectory: 'webkitdirectory',
  experimental: 'experimental',
};

/** The names of the properties of a {@link ReflectingControl}. */
export const reflected = (): string[] => [STRINGS, NUMBERS, BOOLEANS].flatMap(Object.keys);

/** A form control with the accessors. */
function reflecting(): typeof FormControl {
  class Reflecting extends FormControl {}
  reflect(Reflecting);
  alias(Reflecting);
  return Reflecting;
}
// Marked so that bundles without the element drop it, which a static block would keep. The class is made of its value: of a marked call whose
// value nobody uses, bundlers that compile for older browsers would leave out the accessors, and forms would be sent without their files.
const Reflecting = /* @__PURE__ */ reflecting();

/** The properties that read and write an attribute; frameworks look for properties first. */
export class ReflectingControl extends Reflecting {
  /** The form field of the sealed files. */
  declare name: string;
  /** Where the public key is: GetPublicKey's answer in JSON, or PEM. Not needed with a `sealer`. */
  declare keySrc: string;
  /** The key's ARN; needed if `key-src` is of another origin, or has PEM. Several, separated by white space: any of these. */
  declare keyId: string;
  /** KMS's KeyUsage; an ECC key in PEM or DER needs `KEY_AGREEMENT`, as the option of `KmsPublicKey.fetch` says. */
  declare keyUsage: string;
  /** `SHA256:` and the padded base64 of SHA-256 over the key's DER; needed if `key-src` is of another origin. Several as in `key-id`. */
  declare fingerprint: string;
  /** Whether `key-src` may have an ML-KEM key, as the option `experimental` of `KmsPublicKey.fetch` says. */
  declare experimental: boolean;
  /** The form field of the descriptions; without it there are none. */
  declare metaName: string;
  /** The types that can be chosen, as of a native input: endings and media types with commas between them. */
  declare accept: string;
  /** The maximum number of files, with `multiple` or `webkitdirectory`; null, or anything but a whole number, sets no limit. */
  declare maxFiles: number | null;
  /** The maximum size of a file in bytes, after `beforeseal`; null, or anything but a whole number, sets no limit. */
  declare maxSize: number | null;
  /** Whether the form needs a file. */
  declare required: boolean;
  /** Whether several files can be chosen. */
  declare multiple: boolean;
  /** Whether nothing can be chosen or sent. */
  declare disabled: boolean;
  /** Whether folders can be chosen and dropped, with all files in them. */
  declare webkitdirectory: boolean;
}

/** Gives a class the accessors. */
function reflect(target: { prototype: HTMLElement }): void {
  const define = (property: string, accessors: PropertyDescriptor & ThisType<HTMLElement>) =>
    Object.defineProperty(target.prototype, property, { configurable: true, enumerable: true, ...accessors });
  for (const [property, attribute] of Object.entries(STRINGS)) {
    define(property, {
      get() {
        return this.getAttribute(attribute) ?? '';
      },
      set(value: unknown) {
        if (value === null || value === undefined) this.removeAttribute(attribute);
        else this.setAttribute(attribute, String(value));
      },
    });
  }
  for (const [property, attribute] of Object.entries(NUMBERS)) {
    define(property, {
      get() {
        return numberFrom(this, attribute);
      },
      set(value: unknown) {
        if (value === null || value === undefined) this.removeAttribute(attribute);
        else this.setAttribute(attribute, String(value));
      },
    });
  }
  for (const [property, attribute] of Object.entries(BOOLEANS)) {
    define(property, {
      get() {
        return this.hasAttribute(attribute);
      },
      set(value: unknown) {
        this.toggleAttribute(attribute, Boolean(value));
      },
    });
  }
}

/** Solid writes the names of properties in lower case. */
function alias(target: { prototype: HTMLElement }): void {
  Object.defineProperty(target.prototype, ALIAS, {
    configurable: true,
    get(this: { encryptionContext: unknown }) {
      return this.encryptionContext;
    },
    set(this: { encryptionContext: unknown }, context: unknown) {
      this.encryptionContext = context;
    },
  });
}

function numberFrom(element: HTMLElement, attribute: string): number | null {
  const text = element.getAttribute(attribute);
  if (text === null) return null;
  const number = text.trim() === '' ? NaN : Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  // Somebody may have written a unit ("5MB"), and would not notice the missing limit.
  console.warn(
    `kmseal: a ${element.localName} has ${attribute}="${text}", which is not a whole number, so there is no limit`,
  );
  return null;
}

/** Sets properties again through their accessors if they were set before the element was defined. Refusals are reported, not thrown. */
export function upgradeProperties(element: HTMLElement, names: readonly string[]): void {
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(element, name);
    if (!own) continue;
    Reflect.deleteProperty(element, name);
    try {
      Reflect.set(element, name, own.value);
    } catch (error) {
      console.error(error);
    }
  }
}
