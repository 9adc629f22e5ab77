import { FormControl } from './element-control.js';

const STRINGS = { name: 'name', accept: 'accept', keySrc: 'key-src', keyId: 'key-id', fingerprint: 'fingerprint', metaName: 'meta-name' };
const BOOLEANS = { required: 'required', multiple: 'multiple', disabled: 'disabled' };

/** The names of the properties of a {@link ReflectingControl}. */
export const REFLECTED = [...Object.keys(STRINGS), ...Object.keys(BOOLEANS)];

/** The properties that read and write an attribute; frameworks look for properties first. */
export class ReflectingControl extends FormControl {
  static {
    const define = (property: string, accessors: PropertyDescriptor & ThisType<HTMLElement>) =>
      Object.defineProperty(this.prototype, property, { configurable: true, enumerable: true, ...accessors });
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

  /** The form field of the sealed files. */
  declare name: string;
  /** Where the public key is: GetPublicKey's answer in JSON, or PEM. Not needed with a `sealer`. */
  declare keySrc: string;
  /** The key's ARN; needed where `key-src` is of another origin, or has PEM. */
  declare keyId: string;
  /** `SHA256:` and the padded base64 of SHA-256 over the key's DER; needed where `key-src` is of another origin. */
  declare fingerprint: string;
  /** The form field of the descriptions; without it there are none. */
  declare metaName: string;
  declare accept: string;
  declare required: boolean;
  declare multiple: boolean;
  declare disabled: boolean;
}

/** Sets again, through their accessors, properties that were set before the element was defined. What they refuse is told, no more. */
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
