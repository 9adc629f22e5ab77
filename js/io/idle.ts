import { KmsealError } from '../errors.js';

/** The answer, unless it takes longer than this many milliseconds. Time in which no caller waits does not count. */
export function unlessIdle<T>(
  answer: Promise<T>,
  idleTimeout: number | undefined,
  onIdle: (error: KmsealError) => void,
): Promise<T> {
  if (idleTimeout === undefined) return answer;
  return new Promise((resolve, reject) => {
    const expire = () => {
      const what = `the source sent nothing for ${idleTimeout} ms; read it again, or raise idleTimeout`;
      const error = new KmsealError('ERR_READ', what);
      onIdle(error);
      reject(error);
    };
    // After the event loop was blocked, timers run before arrived data, which gets one more turn.
    let timer = setTimeout(() => (timer = setTimeout(expire, 1)), idleTimeout);
    const settled =
      <A>(settle: (value: A) => void) =>
      (value: A) => {
        clearTimeout(timer);
        settle(value);
      };
    answer.then(settled(resolve), settled(reject));
  });
}
