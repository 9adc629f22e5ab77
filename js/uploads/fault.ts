import { KmsealError } from '../index.js';

/** What follows from a failure; by default nothing does. */
interface Consequences {
  /** Whether the next try may work by itself. */
  passing?: boolean;
  /** Whether the user can do something so that it continues, such as signing in; this includes all temporary failures. */
  mendable?: boolean;
  /** Whether there was no answer, as without a network. */
  unanswered?: boolean;
  /** Whether the request may have succeeded all the same, and only the answer was lost. */
  lost?: boolean;
  /** Whether S3 refuses to overwrite an object, which may be this very envelope. */
  conflict?: boolean;
}

interface Details extends Consequences {
  status?: number | undefined;
  part?: number | undefined;
  cause?: unknown;
}

/** A failed request or read: the error for the caller, and what may be done about it before. */
export class Fault {
  readonly error: KmsealError<'ERR_UPLOAD' | 'ERR_READ'>;
  readonly passing: boolean;
  readonly mendable: boolean;
  readonly unanswered: boolean;
  readonly lost: boolean;
  readonly conflict: boolean;

  constructor(
    error: Fault['error'],
    { passing = false, mendable = passing, unanswered = false, lost = false, conflict = false }: Consequences,
  ) {
    [this.error, this.passing, this.mendable] = [error, passing, mendable];
    [this.unanswered, this.lost, this.conflict] = [unanswered, lost, conflict];
  }
}

export const uploadFault = (message: string, { status, part, cause, ...consequences }: Details): Fault =>
  new Fault(new KmsealError('ERR_UPLOAD', message, { status, part, cause }), consequences);

/** Whether a request with this answer is worth a retry. */
export const passes = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500;

/** Whether the user may continue after signing in. */
export const mayBeMended = (status: number): boolean => passes(status) || status === 401 || status === 403;
