import type { AnalyzedCheckpoint, JudgedCheckpoint, MatrixReport, RunReport } from '../runs/run-report';

/** A checkpoint as it is sent: without its reports where the other side has them. */
export type SentCheckpoint = Omit<JudgedCheckpoint, 'matrices'> & { readonly matrices: readonly MatrixReport[] | null };
/** A {@link RunReport} that does not repeat what was sent before: a long run has megabytes of reports, and each is sent once. */
export type RunChange = Omit<RunReport, 'checkpoints'> & { readonly checkpoints: readonly SentCheckpoint[] };

type Matrices = AnalyzedCheckpoint['matrices'];

/** The engine's side. */
export class RunSender {
  readonly #sent = new Map<string, ReadonlyMap<string, Matrices>>();

  change(report: RunReport): RunChange {
    const sent = this.#sent.get(report.path);
    this.#sent.set(report.path, matricesOf(report.checkpoints));
    const checkpoints = report.checkpoints.map((checkpoint) => {
      return sent?.get(checkpoint.name) === checkpoint.matrices ? { ...checkpoint, matrices: null } : checkpoint;
    });
    return { ...report, checkpoints };
  }

  forget(run: string): void {
    this.#sent.delete(run);
  }
}

/** The client's side. */
export class RunReceiver {
  readonly #received = new Map<string, ReadonlyMap<string, Matrices>>();

  report(change: RunChange): RunReport {
    const received = this.#received.get(change.path);
    const checkpoints = change.checkpoints.map((checkpoint) => {
      return { ...checkpoint, matrices: checkpoint.matrices ?? received?.get(checkpoint.name) ?? [] };
    });
    this.#received.set(change.path, matricesOf(checkpoints));
    return { ...change, checkpoints };
  }

  forget(run: string): void {
    this.#received.delete(run);
  }
}

function matricesOf(checkpoints: readonly AnalyzedCheckpoint[]): ReadonlyMap<string, Matrices> {
  return new Map(checkpoints.map(({ name, matrices }) => [name, matrices]));
}
