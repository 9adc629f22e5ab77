import { throwIfAborted } from '../io/abort.js';

/** The paths of files in a dropped folder; files from a dialogue have their own. */
const paths = new WeakMap<File, string>();

/** `folder/name`, or empty for a file that did not come in a folder. */
export function pathOf(file: File): string {
  return paths.get(file) ?? file.webkitRelativePath ?? '';
}

/** Gives a file that replaces another one the same folder. */
export function putBeside(other: File, file: File): void {
  const folder = pathOf(file).replace(/[^/]*$/, '');
  if (folder && other !== file) paths.set(other, `${folder}${other.name}`);
}

/** What was dropped or pasted: files, and folders with their readers. Must be called while the event is dispatched. */
export function contentsOf({ files, items }: DataTransfer): (File | Folder)[] {
  // Synthetic events in tests may have none.
  const entries = Array.from(items ?? [])
    .filter(({ kind }) => kind === 'file')
    .map((item) => ({ entry: item.webkitGetAsEntry?.(), item }));
  if (!entries.some(({ entry }) => entry?.isDirectory)) return Array.from(files);
  return entries.flatMap(({ entry, item }) => {
    if (entry?.isDirectory) return new Folder(entry as FileSystemDirectoryEntry);
    return item.getAsFile() ?? [];
  });
}

/** A folder that was dropped. */
export class Folder {
  readonly name: string;
  readonly #entry: FileSystemDirectoryEntry;

  constructor(entry: FileSystemDirectoryEntry) {
    this.name = entry.name;
    this.#entry = entry;
  }

  /** All files in it and in its subfolders. */
  async read(signal: AbortSignal): Promise<File[]> {
    const files: File[] = [];
    const folders = [this.#entry];
    for (let folder; (folder = folders.shift()); ) {
      const entries = await entriesOf(folder);
      for (const entry of entries) if (entry.isDirectory) folders.push(entry as FileSystemDirectoryEntry);
      for (const file of await Promise.all(entries.filter(({ isFile }) => isFile).map(fileOf))) files.push(file);
      throwIfAborted(signal);
    }
    return files;
  }
}

/** readEntries() returns a part of them at a time, 100 in Chromium 156, and an empty list at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function fileOf(entry: FileSystemEntry): Promise<File> {
  const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  paths.set(file, entry.fullPath.replace(/^\//, ''));
  return file;
}
