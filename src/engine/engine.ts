import { comparedOptions } from '../analysis/compared-options';
import type { Comparison } from '../analysis/comparison';
import type { SpectralReport } from '../analysis/report';
import { JobQueue } from './job-queue';
import type { AnalysisJob, AnalyzeUpdate, ComparisonJob, FileSummary, MatrixPlace, RunJob, RunReport } from './protocol';
import { ReportCache, reportKey } from './report-cache';
import { type Tasks, WorkerThread } from './worker-thread';

const MAX_REPORTS = 256;
const MAX_REPORT_BYTES = 64 << 20;

/** What the background process does: answers from what it knows, and hands everything that takes time to threads. */
export class Engine {
  // Headers are read beside the running analysis, so that a file opens at once however long the queue is.
  readonly #reader: WorkerThread;
  readonly #readings = new JobQueue();
  readonly #computer: WorkerThread;
  readonly #computations = new JobQueue();
  readonly #reports = new ReportCache(MAX_REPORTS, MAX_REPORT_BYTES);

  /** @param workerScript the worker's bundle */
  constructor(readonly workerScript: string) {
    this.#reader = new WorkerThread(workerScript);
    this.#computer = new WorkerThread(workerScript);
  }

  async inspect(path: string, signal: AbortSignal): Promise<FileSummary> {
    return (await this.#read(path, signal)).summary;
  }

  async analyze(job: AnalysisJob, signal: AbortSignal, onUpdate: (update: AnalyzeUpdate) => void): Promise<SpectralReport> {
    const { path, tensor, options } = job;
    const { fingerprint, summary } = await this.#read(path, signal);
    const key = reportKey(fingerprint, tensor, comparedOptions([{ ...summary, tensor }], options));
    const known = this.#reports.get(key);
    if (known) return known;
    this.#tellWaiting(onUpdate);
    return this.#computations.run(job.priority, signal, async (signal) => {
      // Someone else may have asked for the same while this job waited.
      const known = this.#reports.get(key);
      if (known) return known;
      const { report, fingerprint } = await this.#computer.run('analyze', { path, tensor, options }, signal, onUpdate);
      this.#reports.set(reportKey(fingerprint, tensor, report.options), report);
      return report;
    });
  }

  async compare({ a, b, options: asked, priority }: ComparisonJob, signal: AbortSignal, onUpdate: (update: AnalyzeUpdate) => void) {
    const files = await Promise.all([this.#read(a.path, signal), this.#read(b.path, signal)]);
    const options = comparedOptions(
      [a, b].map(({ tensor }, side) => ({ ...files[side]!.summary, tensor })),
      asked,
    );
    this.#tellWaiting(onUpdate);
    return this.#computations.run(priority, signal, async (signal): Promise<Comparison> => {
      const known = ({ path, tensor }: MatrixPlace, { fingerprint }: Tasks['inspect']['result']) => {
        const report = this.#reports.get(reportKey(fingerprint, tensor, options));
        return { path, tensor, known: report === undefined ? null : { fingerprint, report } };
      };
      const sides = { a: known(a, files[0]), b: known(b, files[1]), options };
      const { comparison, fingerprints } = await this.#computer.run('compare', sides, signal, onUpdate);
      this.#reports.set(reportKey(fingerprints.a, a.tensor, options), comparison.a);
      this.#reports.set(reportKey(fingerprints.b, b.tensor, options), comparison.b);
      return comparison;
    });
  }

  run({ path, options, priority }: RunJob, signal: AbortSignal, onUpdate: (update: AnalyzeUpdate) => void): Promise<RunReport> {
    this.#tellWaiting(onUpdate);
    return this.#computations.run(priority, signal, (signal) => this.#computer.run('run', { path, options }, signal, onUpdate));
  }

  /** One checkpoint of a watched run. Matrices that were finished before the job gave way are not computed again. */
  analyzeCheckpoint(params: Tasks['checkpoint']['params'], signal: AbortSignal): Promise<Tasks['checkpoint']['result']> {
    return this.#computations.run('background', signal, (signal) => this.#computer.run('checkpoint', params, signal));
  }

  /** Tests every backend, in a thread of its own: a broken driver must not take a running analysis with it. */
  async backendStatuses(signal: AbortSignal): Promise<Tasks['doctor']['result']> {
    const thread = new WorkerThread(this.workerScript);
    try {
      return await thread.run('doctor', null, signal);
    } finally {
      thread.close();
    }
  }

  close(): void {
    this.#reader.close();
    this.#computer.close();
  }

  #tellWaiting(onUpdate: (update: AnalyzeUpdate) => void): void {
    if (this.#computations.busy) onUpdate({ fraction: 0, stage: 'Waiting for another analysis to finish', report: null });
  }

  #read(path: string, signal: AbortSignal): Promise<Tasks['inspect']['result']> {
    return this.#readings.run('visible', signal, (signal) => this.#reader.run('inspect', { path }, signal));
  }
}
