import { KmsealError } from '../index.js';
import { Fault } from '../uploads/fault.js';

/** Whether the stored object is the envelope; undefined if that cannot be checked. */
type LookUp = () => Promise<boolean | undefined>;

export const PERHAPS = 'the envelope is perhaps delivered';

/**
 * Writes that may have succeeded although they failed: S3 refuses to overwrite what an earlier try has stored, or the answer is
 * lost for good. A delivered envelope is not a failure, and one that may be delivered is not reported as surely failed.
 */
export class Delivery<T> {
  readonly #lookUp: LookUp;
  readonly #delivered: T;
  #isLost = false;

  /** @param delivered the result of an attempt whose envelope was found in S3 */
  constructor(lookUp: LookUp, delivered: T) {
    [this.#lookUp, this.#delivered] = [lookUp, delivered];
  }

  /** Notes that another life of the upload may have written it, and got no answer. */
  suspect(): void {
    this.#isLost = true;
  }

  /** One try. */
  async attempt(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#isLost ||= error.lost;
      return error.conflict ? this.#unlessThere(error) : Promise.reject(error);
    }
  }

  /** After the last try. */
  async giveUp(error: unknown): Promise<T> {
    if (!(error instanceof Fault && this.#isLost) || error.error.message.startsWith(PERHAPS)) throw error;
    const { code, message, cause } = error.error;
    const told = `${PERHAPS}, since an answer was lost; look it up before you upload again. At last, ${message}`;
    const perhaps = new Fault(new KmsealError(code, told, { ...error.error, cause }), error);
    return error.conflict ? Promise.reject(perhaps) : this.#unlessThere(perhaps);
  }

  async #unlessThere(fault: Fault): Promise<T> {
    const isThere = await this.#lookUp();
    if (isThere) return this.#delivered;
    // Later it may be found out.
    throw isThere === undefined ? new Fault(fault.error, { ...fault, mendable: true }) : fault;
  }
}
