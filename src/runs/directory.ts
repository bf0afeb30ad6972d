import type { Dirent } from 'node:fs';
import { opendir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { openFile } from '../formats/bytes/file-bytes';
import { FormatError } from '../formats/format-error';
import { sortedNaturally } from './natural-order';
import { isTemporary } from './temporary-names';

/** A file or folder in a listing. Links to files are followed. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly kind: 'file' | 'directory';
  /** For a link that ends at a sibling: the sibling's name. */
  readonly alias: string | null;
}

/** Far above any run; a folder of more is a data set. */
const MAX_ENTRIES = 100_000;

/** Text that trainers write beside checkpoints; what is larger is something else. */
export const MAX_TEXT_BYTES = 1 << 20;

export type ListDirectory = (path: string) => Promise<Entry[] | null>;

/**
 * The files and folders in a folder, in natural order of their names. Left out: temporary names, broken links, devices and pipes, and
 * links to folders elsewhere (so that no circle of links is walked).
 * @returns null when there is no such folder, or no longer
 * @throws FormatError when it may not be read or holds more than 100,000 entries
 */
export async function listDirectory(path: string): Promise<Entry[] | null> {
  const found: Dirent[] = [];
  try {
    for await (const dirent of await opendir(path, { bufferSize: 256 })) {
      if (isTemporary(dirent.name)) continue;
      found.push(dirent);
      if (found.length > MAX_ENTRIES)
        throw new FormatError(path, null, `the folder holds more than ${MAX_ENTRIES} entries, too many for a run.`);
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    const denied = code === 'EACCES' || code === 'EPERM';
    throw new FormatError(
      path,
      null,
      denied ? 'the folder may not be read; check its permissions.' : `the folder cannot be listed (${code ?? message}).`,
    );
  }
  const entries = await Promise.all(found.map((dirent) => entryOf(path, dirent)));
  return sortedNaturally(entries.filter((entry) => entry !== null));
}

async function entryOf(directory: string, dirent: Dirent): Promise<Entry | null> {
  const { name } = dirent;
  const path = join(directory, name);
  if (dirent.isFile()) return { name, path, kind: 'file', alias: null };
  if (dirent.isDirectory()) return { name, path, kind: 'directory', alias: null };
  if (!dirent.isSymbolicLink()) return null;
  try {
    const target = await realpath(path);
    const alias = dirname(target) === (await realpath(directory)) ? basename(target) : null;
    const kind = await stat(target);
    if (kind.isFile()) return { name, path, kind: 'file', alias };
    return kind.isDirectory() && alias !== null ? { name, path, kind: 'directory', alias } : null;
  } catch {
    // Broken, a circle, or gone since it was listed.
    return null;
  }
}

/** Without the links to others of the same entries, so that each thing is there once. */
export function withoutAliases(entries: readonly Entry[]): Entry[] {
  const names = new Set(entries.map(({ name }) => name));
  return entries.filter(({ name, alias }) => alias === null || alias === name || !names.has(alias));
}

export function filesOf(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ kind }) => kind === 'file');
}

/** Folders that are there themselves, not as a link to a sibling. */
export function foldersOf(entries: readonly Entry[]): Entry[] {
  return withoutAliases(entries.filter(({ kind }) => kind === 'directory'));
}

/** In bytes; null when the file is gone. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch {
    return null;
  }
}

/** A whole file of at most `maxBytes`; null when it is larger, empty, gone or may not be read. */
export async function readSmallFile(path: string, maxBytes = MAX_TEXT_BYTES): Promise<Uint8Array | null> {
  try {
    const source = await openFile(path);
    try {
      if (source.size > maxBytes) return null;
      const bytes = new Uint8Array(source.size);
      await source.read(0, bytes);
      return bytes;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** As `readSmallFile`, as text without the white space around it. */
export async function readSmallText(path: string): Promise<string | null> {
  const bytes = await readSmallFile(path);
  return bytes === null ? null : new TextDecoder().decode(bytes).trim();
}
