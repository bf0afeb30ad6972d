import type { Stats } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const INTERVAL = 1000;

/** Names in a folder and below it that are looked at: a look must cost little, and a dataset may have a file for each of its pieces. */
const MOST_NAMES = 500;

/**
 * Tells when one file, or what a folder holds, has changed and come to rest.
 * It looks at it from time to time, instead of watching a folder, because an open watcher stops a training run from
 * renaming the folder on Windows, and because network file systems send no events.
 */
export class FileWatch {
  readonly #path: string;
  readonly #changed: () => void;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  /** As of the last look, and as of the last time that `changed` was called. */
  #seen: string | null = null;
  #told: string | null = null;

  /** @param changed called when it differs from before and did not change between two looks */
  constructor(path: string, changed: () => void) {
    this.#path = path;
    this.#changed = changed;
  }

  /** @param on false while nobody can see the result */
  set active(on: boolean) {
    if (on === (this.#timer !== null)) return;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => void this.look(), INTERVAL) : null;
    if (on) void this.look();
  }

  async look(): Promise<void> {
    // A slow disk.
    if (this.#looking) return;
    this.#looking = true;
    const stamp = await stampOf(this.#path).catch(() => null);
    this.#looking = false;
    const settled = stamp !== null && stamp === this.#seen;
    this.#seen = stamp;
    if (stamp === null) return;
    this.#told ??= stamp;
    if (settled && stamp !== this.#told) {
      this.#told = stamp;
      this.#changed();
    }
  }

  dispose(): void {
    this.active = false;
  }
}

/** Sizes and times of a file, or of a folder and what is in it, nearest first; links in it are not followed. @throws where there is nothing */
async function stampOf(path: string): Promise<string> {
  const own = await stat(path);
  const stamps = [stampOfOne(own)];
  const folders = own.isDirectory() ? [path] : [];
  for (const folder of folders) {
    for await (const { name } of await opendir(folder)) {
      if (stamps.length > MOST_NAMES) return stamps.join('\n');
      const found = await lstat(join(folder, name));
      stamps.push(`${name} ${stampOfOne(found)}`);
      if (found.isDirectory()) folders.push(join(folder, name));
    }
  }
  return stamps.join('\n');
}

function stampOfOne({ size, mtimeMs, ino }: Stats): string {
  return `${size} ${mtimeMs} ${ino}`;
}
