/** When to start again after a crash, and when to stop trying. */
export interface RestartPolicy {
  /** Milliseconds to wait after the first, second, ... crash within the window; one crash more than there are entries is one too many. */
  readonly delays: readonly number[];
  /** Milliseconds for which a crash counts. */
  readonly window: number;
}

export const RESTART_POLICY: RestartPolicy = { delays: [0, 1000, 5000, 15000], window: 180_000 };

/** Recent crashes of the engine. Times are milliseconds of any one clock. */
export class CrashHistory {
  #crashes: number[] = [];

  constructor(readonly policy: RestartPolicy) {}

  get count(): number {
    return this.#crashes.length;
  }

  /** @returns milliseconds to wait before the next start, or null when it keeps dying */
  crashed(now: number): number | null {
    this.#crashes = [...this.#crashes.filter((time) => now - time < this.policy.window), now];
    return this.policy.delays[this.#crashes.length - 1] ?? null;
  }

  clear(): void {
    this.#crashes = [];
  }
}
