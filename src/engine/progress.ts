import type { SpectralReport } from '../analysis/report';
import type { AnalyzeUpdate } from './protocol';

/** Milliseconds between two updates that carry no report. */
const INTERVAL = 50;

/** Thins out a task's progress: steps that come too fast give way to the latest one, reports always pass, and the fraction never falls. */
export class Progress {
  #latest: AnalyzeUpdate = { fraction: 0, stage: '', report: null };
  #due = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds */
  constructor(
    readonly send: (update: AnalyzeUpdate) => void,
    readonly now: () => number,
  ) {}

  step(fraction: number, stage: string): void {
    this.#latest = { fraction: Math.max(fraction, this.#latest.fraction), stage, report: null };
    this.#due = true;
    this.poll();
  }

  report(report: SpectralReport): void {
    this.#send({ ...this.#latest, report });
  }

  /** Sends the latest step when its time has come. No timer does: none fires while the thread computes. */
  poll(): void {
    if (this.#due && this.now() - this.#sentAt >= INTERVAL) this.#send(this.#latest);
  }

  #send(update: AnalyzeUpdate): void {
    this.#due = false;
    this.#sentAt = this.now();
    this.send(update);
  }
}
