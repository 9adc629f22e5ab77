/** Takes a lock of the origin until it is released or the page ends. Undefined if another page has it. */
export function lock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    globalThis.navigator.locks
      .request(name, { ifAvailable: true }, (held) => {
        if (held) return new Promise<void>((release) => resolve(release));
        resolve(undefined);
        return undefined;
      })
      .catch(reject);
  });
}

/** Whether locks are held, by name. */
export async function isHeld(names: readonly string[]): Promise<boolean[]> {
  const { held = [] } = await globalThis.navigator.locks.query();
  return names.map((name) => held.some((one) => one.name === name));
}
