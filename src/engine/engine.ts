import { comparedOptions } from '../analysis/compared-options';
import type { Comparison } from '../analysis/comparison';
import type { SpectralReport } from '../analysis/report';
import type { CallGpu } from '../compute/gpu-calls';
import { sharing, unpack } from '../runs/packed-reports';
import type { AnalyzedCheckpoint } from '../runs/run-report';
import { JobQueue } from './job-queue';
import type { AnalysisJob, AnalyzeUpdate, ComparisonJob, FileSummary, InspectParams, MatrixPlace, RunJob, RunReport } from './protocol';
import { ReportCache, reportKey } from './report-cache';
import { type CheckpointResult, type PackedCheckpoint, type Tasks, WorkerThread } from './worker-thread';

const MAX_REPORTS = 256;
const MAX_REPORT_BYTES = 64 << 20;

type FileRead = Promise<Tasks['inspect']['result']>;

/** What the background process does: answers from what it knows, and hands everything that takes time to threads. */
export class Engine {
  // Headers are read beside the running analysis, so that a file opens at once however long the queue is.
  readonly #reader: WorkerThread;
  readonly #readings = new JobQueue();
  readonly #computer: WorkerThread;
  /** Of checkpoints of watched runs, when nothing else is computed. */
  readonly #background: WorkerThread;
  readonly #computations = new JobQueue();
  readonly #reports = new ReportCache(MAX_REPORTS, MAX_REPORT_BYTES);
  readonly #share = sharing();

  /**
   * @param workerScript the worker's bundle
   * @param callGpu asks the editor's panels for a GPU
   */
  constructor(
    readonly workerScript: string,
    readonly callGpu: CallGpu | null = null,
  ) {
    this.#reader = new WorkerThread(workerScript);
    this.#computer = new WorkerThread(workerScript, undefined, 'visible', callGpu);
    this.#background = new WorkerThread(workerScript, undefined, 'background');
  }

  async inspect(params: InspectParams, signal: AbortSignal): Promise<FileSummary> {
    return (await this.#read(params, signal)).summary;
  }

  async analyze(job: AnalysisJob, signal: AbortSignal, onUpdate: (update: AnalyzeUpdate) => void): Promise<SpectralReport> {
    const { path, tensor, options } = job;
    const { fingerprint, summary } = await this.#read({ path, raw: options.raw }, signal);
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
    const files = await Promise.all([a, b].map(({ path }) => this.#read({ path, raw: asked.raw }, signal)) as [FileRead, FileRead]);
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
  async analyzeCheckpoint(params: Tasks['checkpoint']['params'], signal: AbortSignal): Promise<CheckpointResult<AnalyzedCheckpoint>> {
    const { checkpoint, deleted, ...told } = await this.#computations.run('background', signal, (signal) =>
      this.#background.run('checkpoint', params, signal),
    );
    const unpacked = ({ name, step, reports }: PackedCheckpoint): AnalyzedCheckpoint => {
      return { name, step, matrices: unpack(reports, this.#share) };
    };
    return { ...told, checkpoint: unpacked(checkpoint), deleted: { names: deleted.names, read: deleted.read.map(unpacked) } };
  }

  /** Tests every backend and loads every library, in a thread of its own: a broken driver must not take a running analysis with it. */
  async doctor(signal: AbortSignal): Promise<Tasks['doctor']['result']> {
    const thread = new WorkerThread(this.workerScript, undefined, 'visible', this.callGpu);
    try {
      return await thread.run('doctor', null, signal);
    } finally {
      thread.close();
    }
  }

  close(): void {
    this.#reader.close();
    this.#computer.close();
    this.#background.close();
  }

  #tellWaiting(onUpdate: (update: AnalyzeUpdate) => void): void {
    if (this.#computations.busy) onUpdate({ fraction: 0, stage: 'Waiting for another analysis to finish', report: null });
  }

  #read(params: InspectParams, signal: AbortSignal): FileRead {
    return this.#readings.run('visible', signal, (signal) => this.#reader.run('inspect', params, signal));
  }
}
