import * as vscode from 'vscode';
import type { AnalysisJob } from '../engine/protocol';
import type { SessionEngine } from './panel-session';

/** Milliseconds after which an analysis is worth a word: most are over by then, and what flickers says nothing. */
const WORTH_SAYING = 500;

/** The engine as the panels have it, which remembers what is being analysed and can end all of it. */
export class Analyses implements SessionEngine {
  readonly #running = new Map<AbortController, string>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(readonly engine: SessionEngine) {}

  /** Paths of the files whose analysis takes a while, oldest first. */
  get running(): readonly string[] {
    return [...this.#running.values()];
  }

  inspect(...request: Parameters<SessionEngine['inspect']>): ReturnType<SessionEngine['inspect']> {
    return this.engine.inspect(...request);
  }

  /** Rejects as cancelled, too, when all analyses are. */
  async analyze(job: AnalysisJob, watch: Parameters<SessionEngine['analyze']>[1] = {}): ReturnType<SessionEngine['analyze']> {
    const cancel = new AbortController();
    const signal = watch.signal ? AbortSignal.any([watch.signal, cancel.signal]) : cancel.signal;
    const timer = setTimeout(() => {
      this.#running.set(cancel, job.path);
      this.#changed.fire();
    }, WORTH_SAYING);
    try {
      return await this.engine.analyze(job, { ...watch, signal });
    } finally {
      clearTimeout(timer);
      if (this.#running.delete(cancel)) this.#changed.fire();
    }
  }

  cancel(): void {
    for (const cancel of this.#running.keys()) cancel.abort();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
