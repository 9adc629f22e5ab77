import { KmsealError } from '../index.js';
import { Fault } from './fault.js';
import { type Persistence, persist } from './retry.js';

/** A failed read may be a phone's cloud drive that is unavailable for a moment; one that keeps failing is rather a changed file. */
const READ_RETRIES = 3;

export const isReadError = (error: unknown): error is KmsealError<'ERR_READ'> =>
  error instanceof KmsealError && error.code === 'ERR_READ';

export type Rereading = Omit<Persistence, 'retries'> & { retries?: number };

/** Seals, and retries if the file could not be read. */
export async function rereading<T>(
  seal: () => Promise<T>,
  { retries = READ_RETRIES, ...persistence }: Rereading,
): Promise<T> {
  const attempt = async () => {
    try {
      return await seal();
    } catch (error) {
      throw isReadError(error) ? new Fault(error, { passing: true }) : error;
    }
  };
  try {
    return await persist(attempt, { ...persistence, retries: Math.min(retries, READ_RETRIES) });
  } catch (error) {
    throw error instanceof Fault ? error.error : error;
  }
}
