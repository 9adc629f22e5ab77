import { isAccepted } from './accept.js';
import { type Verdict, ask } from './beforeseal.js';
import { type Entry, type SealingList, entryOf } from './files.js';
import { Folder, putBeside } from './folders.js';
import type { Refusal } from './refusals.js';
import { isSameFile, likeness } from './same-file.js';
import { KmsealError } from '../index.js';
import { unlessAborted } from '../io/abort.js';
import { isPromise } from '../io/promises.js';

/** Callbacks of the choices to their element. */
interface Chooser extends Node {
  readonly accept: string;
  readonly multiple: boolean;
  readonly webkitdirectory: boolean;
  readonly maxFiles: number | null;
  readonly maxSize: number | null;
}

export interface Listener {
  /** These files were refused. */
  refused(refusals: readonly Refusal[]): void;
  /** The page removed something from the list, or it was added later than it was chosen. */
  changed(): void;
  /** A file was taken off the list again, which has the same file already. */
  dropped(): void;
}

/** Where files come from. */
export interface Source {
  /** Whether they must match `accept`, which a dialogue checks itself. */
  filtered?: boolean;
  /** Whether a script made them: then several may have the same name, size and date. */
  scripted?: boolean;
  /** Whether they replace all files that were chosen before. */
  instead?: boolean;
}

/** Milliseconds until a file that is being compared is shown: most often it is known before. */
const SHOWN_AFTER_MS = 1000;

/** Decides which files get onto the list, by the attributes, the list itself, and the page. */
export class Choice {
  readonly #element: Chooser;
  readonly #list: SealingList;
  readonly #listener: Listener;
  /** The files that another one replaces once the page has accepted it. */
  readonly #predecessors = new WeakMap<Entry, readonly Entry[]>();
  /** Those that may be on the list already, until they have been compared: when that is, or when they were removed. */
  readonly #doubtful = new WeakMap<Entry, Promise<unknown>>();

  constructor(element: Chooser, list: SealingList, listener: Listener) {
    this.#element = element;
    this.#list = list;
    this.#listener = listener;
  }

  get #several(): boolean {
    return this.#element.multiple || this.#element.webkitdirectory;
  }

  get #most(): number {
    return this.#element.maxFiles ?? Infinity;
  }

  /** Accepts what is allowed, and reports the rest. Returns whether anything was accepted. */
  take(given: readonly (File | Folder)[], source: Source): boolean {
    const { filtered = false, instead = false } = source;
    if (filtered && given.length > 1 && !this.#several) {
      this.#listener.refused([{ because: 'onlyOne' }]);
      return false;
    }
    const before = this.#list.entries;
    const { come, replaced } = this.#admit(given, source, this.#several && !instead ? before : []);
    // A beforeseal listener may have added its own files, or cleared the list.
    const now = this.#list.entries;
    const leave = (): readonly Entry[] => {
      if (given.length > 0 && come.length === 0) return [];
      if (instead) return before;
      if (this.#several) return replaced;
      // The only file is replaced when the page has accepted the next one, and not earlier.
      return come[0]?.check ? now.filter(({ state }) => state === 'checking') : now;
    };
    const leaving = new Set(leave());
    const staying = now.filter((entry) => !leaving.has(entry));
    if (!this.#several) for (const entry of come) this.#predecessors.set(entry, staying);
    this.#list.set([...staying, ...come]);
    return this.#certain(come).length > 0;
  }

  /** The files that get onto the list, next to those that are kept, and the failed ones that are retried. */
  #admit(
    given: readonly (File | Folder)[],
    { filtered, scripted }: Source,
    kept: readonly Entry[],
  ): { come: Entry[]; replaced: Entry[] } {
    const { accept, webkitdirectory } = this.#element;
    const most = this.#most;
    const known = new Map<unknown, Entry[]>();
    const note = (entry: Entry) => {
      for (const key of [entry.chosen, likeness(entry.chosen)]) known.set(key, [...(known.get(key) ?? []), entry]);
    };
    kept.forEach(note);
    const come: Entry[] = [];
    const replaced: Entry[] = [];
    const refusals: Refusal[] = [];
    // Counting them again for each of thousands of files would freeze the page.
    let certain = this.#certain(kept).length;
    for (const one of given) {
      const { name } = one;
      const isFolder = one instanceof Folder;
      const twin = isFolder ? undefined : known.get(one)?.at(-1);
      const alike = isFolder || scripted || twin ? [] : (known.get(likeness(one)) ?? []);
      if (isFolder && !webkitdirectory) refusals.push({ because: 'folder', name });
      else if (!isFolder && filtered && !isAccepted(one, accept)) refusals.push({ because: 'notAccepted', name });
      // A file chosen again after a failure is retried in its current state.
      else if (twin && twin.state !== 'failed') continue;
      else if (!twin && alike.length === 0 && certain - replaced.length >= most)
        refusals.push({ because: 'tooMany', name, most });
      else {
        const entry = entryOf(isFolder ? new File([], name) : one);
        if (alike.length > 0) {
          this.#compare(entry, alike);
        } else {
          const refusal = isFolder ? this.#read(entry, one, filtered) : this.#ask(entry);
          if (refusal) {
            refusals.push(refusal);
            continue;
          }
          certain++;
        }
        if (twin) replaced.push(twin);
        come.push(entry);
        note(entry);
      }
    }
    if (refusals.length > 0) this.#listener.refused(refusals);
    return { come, replaced };
  }

  #certain(entries: readonly Entry[]): Entry[] {
    return entries.filter((entry) => !this.#doubtful.has(entry));
  }

  /** Finds out whether a file is one of those of the same name, size and date: the same one comes once, and another one is not lost. */
  #compare(entry: Entry, alike: readonly Entry[]): void {
    const controller = new AbortController();
    const find = async () => {
      for (const twin of alike) {
        const same = await isSameFile(twin.chosen, entry.chosen, controller.signal);
        // Chosen once more after a failure to read it.
        if (same ?? twin.state === 'failed') return twin;
      }
      // Where only some of several can be taken, it is the first ones, and not those that were read first.
      await Promise.all(alike.map((twin) => this.#doubtful.get(twin)));
      return undefined;
    };
    entry.hidden = true;
    const timer = setTimeout(() => this.#list.show(entry), SHOWN_AFTER_MS);
    const comparison = find();
    this.#doubtful.set(entry, Promise.allSettled([unlessAborted(comparison, controller.signal)]));
    const found = comparison.finally(() => clearTimeout(timer)).then((twin) => () => this.#compared(entry, twin));
    this.#wait(entry, controller, () => this.#compare(entry, alike), found);
  }

  #compared(entry: Entry, twin: Entry | undefined): void {
    this.#doubtful.delete(entry);
    const list = this.#list;
    const without = (gone: Entry) => list.set(list.entries.filter((one) => one !== gone));
    if (twin && list.entries.includes(twin)) {
      if (twin.state !== 'failed') {
        without(entry);
        return this.#listener.dropped();
      }
      // It is tried again as it is now.
      without(twin);
    }
    const most = this.#most;
    if (this.#certain(list.entries).length > most)
      return this.#conclude(entry, { because: 'tooMany', name: entry.chosen.name, most });
    // The page may take its time, and the form waits for it.
    list.show(entry);
    this.#askAgain(entry);
  }

  /** Asks the page about a file: returns why it is refused, if that is known at once. */
  #ask(entry: Entry): Refusal | undefined {
    const controller = new AbortController();
    const { signal } = controller;
    const late = (reason: string) => this.#refuseLate(entry, reason);
    const answer = ask(this.#element, { file: entry.chosen, signal, late });
    if (!isPromise(answer)) return this.#accept(entry, answer);
    const conclude = (verdict: Verdict) => this.#conclude(entry, this.#accept(entry, verdict));
    this.#wait(
      entry,
      controller,
      () => this.#askAgain(entry),
      (answer as Promise<Verdict>).then((verdict) => () => conclude(verdict)),
    );
    return undefined;
  }

  #askAgain(entry: Entry): void {
    entry.check = undefined;
    const refusal = this.#ask(entry);
    // A listener that needs no time on this occasion.
    if (!entry.check) this.#conclude(entry, refusal);
  }

  /** Keeps the page's file, unless it is refused. */
  #accept(entry: Entry, verdict: Verdict): Refusal | undefined {
    const { name } = entry.chosen;
    if ('refused' in verdict)
      return verdict.refused ? { because: 'rejected', name, reason: verdict.refused } : { because: 'notTaken', name };
    entry.file = verdict.taken;
    putBeside(entry.file, entry.chosen);
    const most = this.#element.maxSize ?? Infinity;
    return entry.file.size > most ? { because: 'tooLarge', name, most } : undefined;
  }

  #conclude(entry: Entry, refusal: Refusal | undefined): void {
    const { entries } = this.#list;
    if (refusal) {
      this.#listener.refused([refusal]);
      this.#list.set(entries.filter((one) => one !== entry));
    } else {
      this.#list.release(entry);
      const predecessors = this.#predecessors.get(entry);
      // Otherwise each would keep the previous one in memory.
      this.#predecessors.delete(entry);
      if (predecessors && !this.#several) this.#list.set(entries.filter((one) => !predecessors.includes(one)));
    }
    this.#listener.changed();
  }

  /** A listener that waited without waitUntil(), or that its framework called late. */
  #refuseLate(entry: Entry, reason: string): void {
    if (!this.#list.entries.includes(entry)) return;
    console.warn(
      'kmseal: a listener of beforeseal decided about a file after it was taken; it is off the list, but its form may have gone with it; call event.waitUntil(promise) before anything is awaited',
    );
    this.#conclude(entry, this.#accept(entry, { refused: reason }));
  }

  /** Reads a folder, and replaces it by its files. */
  #read(entry: Entry, folder: Folder, filtered: boolean | undefined): undefined {
    const controller = new AbortController();
    const take = (files: readonly File[]) => {
      if (files.length === 0) this.#listener.refused([{ because: 'emptyFolder', name: folder.name }]);
      const others = this.#list.entries.filter((one) => one !== entry);
      const { come, replaced } = this.#admit(files, { filtered: filtered ?? false }, others);
      this.#list.set(this.#list.entries.flatMap((one) => (one === entry ? come : replaced.includes(one) ? [] : one)));
      this.#listener.changed();
    };
    const reading = folder.read(controller.signal).then(
      (files) => () => take(files),
      (cause: unknown) => {
        throw new KmsealError('ERR_READ', 'a folder could not be read', { cause });
      },
    );
    this.#wait(entry, controller, () => this.#read(entry, folder, filtered), reading);
  }

  /** Holds an entry back until its fate is decided. */
  #wait(entry: Entry, controller: AbortController, again: () => void, found: Promise<() => void>): void {
    this.#list.hold(entry, { controller, again });
    found.then(
      (conclude) => {
        if (!controller.signal.aborted) conclude();
      },
      (error: unknown) => {
        if (!controller.signal.aborted) this.#list.fail(entry, error);
      },
    );
  }
}
