import * as vscode from 'vscode';
import type { EngineClient, JobWatch } from '../engine/client';
import type { AnalysisJob, ComparisonJob, RunJob } from '../engine/protocol';
import type { CompareEngine } from './compare-session';

/** Milliseconds after which an analysis is worth a word: most are over by then, and what flickers says nothing. */
const WORTH_SAYING = 500;

/** The engine as the panels have it, which remembers what is being analysed and can end all of it. */
export class Analyses implements CompareEngine {
  readonly #running = new Map<AbortController, string>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  constructor(readonly engine: CompareEngine & Pick<EngineClient, 'run'>) {}

  /** Paths of the files whose analysis takes a while, oldest first. */
  get running(): readonly string[] {
    return [...this.#running.values()];
  }

  inspect(...request: Parameters<CompareEngine['inspect']>): ReturnType<CompareEngine['inspect']> {
    return this.engine.inspect(...request);
  }

  /** Rejects as cancelled, too, when all analyses are. */
  analyze(job: AnalysisJob, watch: JobWatch = {}): ReturnType<CompareEngine['analyze']> {
    return this.#remembered(job.path, watch, (watch) => this.engine.analyze(job, watch));
  }

  /** As `analyze`; goes by the file that is compared with the baseline. */
  compare(job: ComparisonJob, watch: JobWatch = {}): ReturnType<CompareEngine['compare']> {
    return this.#remembered(job.b.path, watch, (watch) => this.engine.compare(job, watch));
  }

  /** As `analyze`, of a whole run. */
  run(job: RunJob, watch: JobWatch = {}): ReturnType<EngineClient['run']> {
    return this.#remembered(job.path, watch, (watch) => this.engine.run(job, watch));
  }

  async #remembered<T>(path: string, watch: JobWatch, run: (watch: JobWatch) => Promise<T>): Promise<T> {
    const cancel = new AbortController();
    const signal = watch.signal ? AbortSignal.any([watch.signal, cancel.signal]) : cancel.signal;
    const timer = setTimeout(() => {
      this.#running.set(cancel, path);
      this.#changed.fire();
    }, WORTH_SAYING);
    try {
      return await run({ ...watch, signal });
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
