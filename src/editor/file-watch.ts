import { stat } from 'node:fs/promises';

const INTERVAL = 1000;

/**
 * Tells when one file has changed and come to rest.
 * It looks at the file from time to time, instead of watching its folder, because an open watcher stops a training run from
 * renaming the folder on Windows, and because network file systems send no events.
 */
export class FileWatch {
  readonly #path: string;
  readonly #changed: () => void;
  #timer: NodeJS.Timeout | null = null;
  /** As of the last look, and as of the last time that `changed` was called. */
  #seen: string | null = null;
  #told: string | null = null;

  /** @param changed called when the file differs from before and did not change between two looks */
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
    const stamp = await stat(this.#path).then(
      ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
      () => null,
    );
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
