import type { CheckpointPlace } from '../../src/agents/document';
import type { HealthSource, ToolCall } from '../../src/agents/tools';
import type { Comparison } from '../../src/analysis/comparison';
import type { SpectralReport } from '../../src/analysis/report';
import { EngineError, ErrorCode, type FileSummary, type RunReport } from '../../src/engine/protocol';

export interface Known {
  /** Names of the matrices of a file, by its path; one unnamed where it is not listed. */
  readonly matrices?: Readonly<Record<string, readonly string[]>>;
  readonly columns?: Readonly<Record<string, number>>;
  readonly runs?: Readonly<Record<string, RunReport>>;
  readonly place?: CheckpointPlace;
  report?(path: string, tensor: string): SpectralReport;
  comparison?(a: string, b: string): Comparison;
}

/** A source that answers at once from what a test says, and writes down what it was asked. */
export function fakeSource(known: Known): HealthSource & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async inspect(path) {
      const names = known.matrices?.[path] ?? [''];
      const matrix = { rows: 10, columns: known.columns?.[path] ?? 4 };
      const tensors = names.map((name) => ({ name, dtype: 'float32', shape: [10, matrix.columns], bytes: 160, matrix, note: null }));
      return { path, format: 'npy', bytes: 160, tensors, warnings: [] } satisfies FileSummary;
    },
    async analyze({ path, tensor }, { signal, onUpdate }) {
      asked.push(`analyze ${path} ${tensor}`.trimEnd());
      if (signal?.aborted) throw EngineError.cancelled();
      onUpdate?.({ fraction: 0.5, stage: 'Reading', report: null });
      return known.report!(path, tensor);
    },
    async compare(a, b) {
      asked.push(`compare ${a.path} ${b.path}`);
      return known.comparison!(a.path, b.path);
    },
    async run(path) {
      asked.push(`run ${path}`);
      const run = known.runs?.[path];
      if (run === undefined) throw new EngineError(ErrorCode.format, `${path}: This is one checkpoint, not a run.`);
      return run;
    },
    checkpointOf: async () => known.place ?? null,
  };
}

export function toolCall(source: HealthSource, roots: readonly string[], more: Partial<ToolCall> = {}): ToolCall {
  return { source, roots, signal: new AbortController().signal, progress() {}, ...more };
}
