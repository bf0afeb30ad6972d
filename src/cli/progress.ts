import { printable, shorten } from './printable';
import type { Environment, Output } from './style';

const BAR = 20;
export const REDRAW_EVERY_MS = 66;
const ERASE = '\r\u001b[2K';

/** One line on a terminal that says how far the work is. On anything that is not a terminal it is silent. */
export class Progress {
  readonly #visible: boolean;
  #drawn = false;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a steady clock */
  constructor(
    private readonly stream: Output,
    env: Environment,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#visible = stream.isTTY === true && env.TERM !== 'dumb';
  }

  /** @param fraction in [0, 1] */
  draw(fraction: number, stage: string): void {
    if (!this.#visible || this.now() - this.#drawnAt < REDRAW_EVERY_MS) return;
    const done = Math.max(0, Math.min(1, fraction));
    const full = Math.round(done * BAR);
    const line = `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${String(Math.floor(done * 100)).padStart(3)} %  ${printable(stage)}`;
    // One cell is left free, so that no terminal wraps the line.
    this.stream.write(ERASE + shorten(line, (this.stream.columns || 80) - 1));
    this.#drawn = true;
    this.#drawnAt = this.now();
  }

  erase(): void {
    if (this.#drawn) this.stream.write(ERASE);
    this.#drawn = false;
  }
}
