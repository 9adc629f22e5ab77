/** What becomes of a file: its envelope, and that of what describes it. */
export interface Sealed {
  readonly file: Blob;
  readonly meta: Blob | undefined;
}

/** A chosen file. */
export interface Entry {
  readonly file: File;
  state: 'waiting' | 'sealing' | 'sealed' | 'failed';
  /** Plaintext bytes done. */
  loaded: number;
  sealed: Sealed | undefined;
  error: unknown;
}

/** How a file is sealed; after an abort the outcome is ignored. */
export type Seal = (file: File, run: { signal: AbortSignal; onProgress: (progress: { loaded: number }) => void }) => Promise<Sealed>;

export interface Listener {
  /** An entry came, went or changed its state. */
  changed(): void;
  progressed(): void;
  settled(entry: Entry): void;
}

/** The chosen files, sealed one after another: so memory stays small, and a file and its description share a data key. */
export class SealingList {
  readonly #prepare: () => Promise<Seal>;
  readonly #listener: Listener;
  #entries: readonly Entry[] = [];
  #current: { entry: Entry; controller: AbortController } | undefined;
  #stopped = true;

  /** @param prepare gets what files are sealed with; if that fails, so do all that wait */
  constructor(prepare: () => Promise<Seal>, listener: Listener) {
    this.#prepare = prepare;
    this.#listener = listener;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Other files instead of those that there are. */
  replace(files: readonly File[]): void {
    this.#abort();
    this.#entries = files.map((file) => ({ file, state: 'waiting', loaded: 0, sealed: undefined, error: undefined }));
    this.#goOn();
  }

  remove(entry: Entry): void {
    if (this.#current?.entry === entry) this.#abort();
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#goOn();
  }

  /** Seals it anew, in its turn. */
  retry(entry: Entry): void {
    wait(entry);
    this.#goOn();
  }

  /** Seals all anew. */
  redo(): void {
    this.#abort();
    this.#entries.forEach(wait);
    this.#goOn();
  }

  /** Interrupts the sealing until start(). */
  stop(): void {
    this.#stopped = true;
    this.#abort();
    this.#listener.changed();
  }

  start(): void {
    this.#stopped = false;
    this.#goOn();
  }

  #abort(): void {
    if (!this.#current) return;
    const { entry, controller } = this.#current;
    this.#current = undefined;
    wait(entry);
    controller.abort();
  }

  #goOn(): void {
    this.#listener.changed();
    // Several attributes may change before anything is worth to be begun.
    queueMicrotask(() => this.#next());
  }

  #next(): void {
    if (this.#current || this.#stopped) return;
    const entry = this.#entries.find(({ state }) => state === 'waiting');
    if (!entry) return;
    const controller = new AbortController();
    this.#current = { entry, controller };
    entry.state = 'sealing';
    this.#listener.changed();
    void this.#work(entry, controller);
  }

  async #work(entry: Entry, controller: AbortController): Promise<void> {
    const { signal } = controller;
    const settle = (entries: readonly Entry[], outcome: Partial<Entry>) => {
      if (signal.aborted) return;
      this.#current = undefined;
      // Of the two envelopes the other one may still be under way.
      controller.abort();
      for (const one of entries) Object.assign(one, outcome);
      this.#listener.changed();
      entries.forEach((one) => this.#listener.settled(one));
      this.#next();
    };
    const onProgress = ({ loaded }: { loaded: number }) => {
      if (signal.aborted) return;
      entry.loaded = loaded;
      this.#listener.progressed();
    };
    let seal: Seal;
    try {
      seal = await this.#prepare();
    } catch (error) {
      // One after the other they would be waited for as often.
      const waiting = this.#entries.filter(({ state }) => state === 'waiting');
      return settle([entry, ...waiting], { state: 'failed', error });
    }
    if (signal.aborted) return;
    try {
      const sealed = await seal(entry.file, { signal, onProgress });
      settle([entry], { state: 'sealed', loaded: entry.file.size, sealed });
    } catch (error) {
      settle([entry], { state: 'failed', error });
    }
  }
}

function wait(entry: Entry): void {
  Object.assign(entry, { state: 'waiting', loaded: 0, sealed: undefined, error: undefined } satisfies Partial<Entry>);
}

/** Whether a file is what the attribute `accept` asks for; browsers look at it in their own dialogue only. */
export function isAccepted({ name, type }: File, accept: string): boolean {
  const kinds = accept.toLowerCase().split(',').map((kind) => kind.trim()).filter(Boolean);
  const fits = (kind: string) => {
    if (kind.startsWith('.')) return name.toLowerCase().endsWith(kind);
    if (kind === '*/*') return true;
    return kind.endsWith('/*') ? type.startsWith(kind.slice(0, -1)) : type === kind;
  };
  return kinds.length === 0 || kinds.some(fits);
}
