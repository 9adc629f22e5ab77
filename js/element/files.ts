/** The result of a file: its envelope, and that of its description. */
export interface Sealed {
  readonly file: Blob;
  readonly meta: Blob | undefined;
}

/** A chosen file. */
export interface Entry {
  /** The file as chosen. */
  readonly chosen: File;
  /** The file that is sealed: the chosen one, or the page's replacement. */
  file: File;
  state: 'checking' | 'waiting' | 'sealing' | 'sealed' | 'failed';
  /** Plaintext bytes done. */
  loaded: number;
  sealed: Sealed | undefined;
  error: unknown;
  /** What must be checked before it can be sealed; undefined once that is known. */
  check: Check | undefined;
  /** Whether it is not shown yet, since it may be on the list already. */
  hidden: boolean;
}

/** A check that takes time before a file can be sealed. */
export interface Check {
  /** Aborted when the result is no longer needed. */
  readonly controller: AbortController;
  /** Restarts it after a failure. */
  again(): void;
}

export function entryOf(file: File): Entry {
  return {
    chosen: file,
    file,
    state: 'waiting',
    loaded: 0,
    sealed: undefined,
    error: undefined,
    check: undefined,
    hidden: false,
  };
}

/** Whether its outcome is not known yet. */
export function isPending({ state }: Entry): boolean {
  return state !== 'sealed' && state !== 'failed';
}

/** How a file is sealed; after an abort the outcome is ignored. */
export type Seal = (
  file: File,
  run: { signal: AbortSignal; onProgress: (progress: { loaded: number }) => void },
) => Promise<Sealed>;

export interface Listener {
  /** An entry changed its state; without an argument, any of them may have come, gone or changed. */
  changed(entry?: Entry): void;
  progressed(): void;
  settled(entry: Entry): void;
}

/** The chosen files, sealed one after another: memory use stays small, and a file and its description share a data key. */
export class SealingList {
  readonly #prepare: () => Promise<Seal>;
  readonly #listener: Listener;
  #entries: readonly Entry[] = [];
  #current: { entry: Entry; controller: AbortController } | undefined;
  #stopped = true;
  #window: Window | null = null;

  /** @param prepare gets the sealer; if that fails, so do all waiting files */
  constructor(prepare: () => Promise<Seal>, listener: Listener) {
    this.#prepare = prepare;
    this.#listener = listener;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Those that the person sees. */
  get shown(): readonly Entry[] {
    return this.#entries.filter(({ hidden }) => !hidden);
  }

  /** Whether anything is left to do. */
  get pending(): boolean {
    // The last files are sealed last.
    for (let index = this.#entries.length - 1; index >= 0; index--) if (isPending(this.#entries[index]!)) return true;
    return false;
  }

  /** Keeps exactly these; those that are already there stay as they are. */
  set(entries: readonly Entry[]): void {
    const staying = new Set(entries);
    for (const entry of this.#entries) {
      if (staying.has(entry)) continue;
      if (this.#current?.entry === entry) this.#abort();
      entry.check?.controller.abort();
    }
    this.#entries = entries;
    this.#goOn();
  }

  /** Holds an entry back until the check has a result. */
  hold(entry: Entry, check: Check): void {
    Object.assign(entry, { state: 'checking', error: undefined, check } satisfies Partial<Entry>);
    if (this.#entries.includes(entry)) this.#listener.changed(entry);
  }

  /** Shows an entry that stays, or takes longer than was thought. */
  show(entry: Entry): void {
    entry.hidden = false;
    this.#listener.changed();
  }

  /** Releases an entry that was held back. */
  release(entry: Entry): void {
    entry.check = undefined;
    wait(entry);
    this.#listener.changed(entry);
    queueMicrotask(() => this.#next());
  }

  fail(entry: Entry, error: unknown): void {
    Object.assign(entry, { state: 'failed', error } satisfies Partial<Entry>);
    this.#listener.changed(entry);
    this.#listener.settled(entry);
  }

  /** Seals failed files again, in their turn. */
  retry(entries: readonly Entry[]): void {
    for (const entry of entries.filter(({ state }) => state === 'failed')) {
      if (entry.check) entry.check.again();
      else wait(entry);
    }
    this.#goOn();
  }

  /** Seals all again. */
  redo(): void {
    this.#abort();
    for (const entry of this.#entries) if (!entry.check) wait(entry);
    this.#goOn();
  }

  /** Interrupts the sealing until start(). */
  stop(): void {
    this.#watch(null);
    this.#stopped = true;
    this.#abort();
    this.#listener.changed();
  }

  /** @param window that of the page, which may be left meanwhile */
  start(window: Window | null): void {
    this.#watch(window);
    this.#stopped = false;
    this.#goOn();
  }

  #watch(window: Window | null): void {
    this.#window?.removeEventListener('pageshow', this.#again);
    this.#window = window;
    window?.addEventListener('pageshow', this.#again);
  }

  /**
   * Checks and seals once more what was being checked and sealed when the page was left, if the browser shows it again: in Firefox 153 neither a
   * read nor an encryption that was running then ever ends. In WebKit 2.50 such a read fails, and the person can try again.
   */
  readonly #again = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted) return;
    this.#abort();
    const checking = this.#entries.filter(({ state }) => state === 'checking');
    // All of them first, since some wait for others.
    for (const { check } of checking) check?.controller.abort();
    for (const entry of checking) if (this.#entries.includes(entry)) entry.check?.again();
    this.#goOn();
  };

  #abort(): void {
    if (!this.#current) return;
    const { entry, controller } = this.#current;
    this.#current = undefined;
    wait(entry);
    controller.abort();
  }

  #goOn(): void {
    this.#listener.changed();
    // Several attributes may change before it is worth starting.
    queueMicrotask(() => this.#next());
  }

  #next(): void {
    if (this.#current || this.#stopped) return;
    const entry = this.#entries.find(({ state }) => state === 'waiting');
    if (!entry) return;
    const controller = new AbortController();
    this.#current = { entry, controller };
    entry.state = 'sealing';
    this.#listener.changed(entry);
    void this.#work(entry, controller);
  }

  async #work(entry: Entry, controller: AbortController): Promise<void> {
    const { signal } = controller;
    const settle = (entries: readonly Entry[], outcome: Partial<Entry>) => {
      if (signal.aborted) return;
      this.#current = undefined;
      // The other one of the two envelopes may still be in progress.
      controller.abort();
      for (const one of entries) Object.assign(one, outcome);
      this.#listener.changed(entries.length === 1 ? entry : undefined);
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
      // One after the other would mean waiting as often.
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
