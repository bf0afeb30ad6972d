import { type PackedReports, pack, type Share, sharing, unpack } from '../runs/packed-reports';
import type { AnalyzedCheckpoint, JudgedCheckpoint, RunReport } from '../runs/run-report';

/** A checkpoint as it is sent: its reports go before it. */
export type SentCheckpoint = Omit<JudgedCheckpoint, 'matrices'>;
/**
 * A {@link RunReport} that does not repeat what was sent before. A checkpoint that is as it was is a number: its place in the list
 * before this one.
 */
export type RunChange = Omit<RunReport, 'checkpoints'> & { readonly checkpoints: readonly (SentCheckpoint | number)[] };
/** Reports of one checkpoint, which a change refers to by its name; those of many matrices come in parts. */
export interface SentReports {
  readonly run: string;
  readonly checkpoint: string;
  /** How many of its matrices were sent before. */
  readonly from: number;
  readonly reports: PackedReports;
}

type Matrices = AnalyzedCheckpoint['matrices'];

/** Matrices in one message: what the other side does with it must not be felt there. */
const MOST_MATRICES = 256;

/** The engine's side. */
export class RunSender {
  readonly #sent = new Map<string, readonly JudgedCheckpoint[]>();

  /** @returns what is to be sent, in this order: the reports that are new, then the change */
  change(report: RunReport): { readonly reports: readonly SentReports[]; readonly change: RunChange } {
    const before = this.#sent.get(report.path) ?? [];
    this.#sent.set(report.path, report.checkpoints);
    const places = new Map(before.map(({ name }, place) => [name, place]));
    const reports: SentReports[] = [];
    const checkpoints = report.checkpoints.map((checkpoint) => {
      const { matrices, ...rest } = checkpoint;
      const place = places.get(checkpoint.name) ?? -1;
      if (before[place]?.matrices !== matrices) reports.push(...parts(report.path, checkpoint));
      else if (isSame(before[place]!, checkpoint)) return place;
      return rest;
    });
    return { reports, change: { ...report, checkpoints } };
  }

  forget(run: string): void {
    this.#sent.delete(run);
  }
}

function parts(run: string, { name, matrices }: JudgedCheckpoint): SentReports[] {
  const starts = Array.from({ length: Math.max(1, Math.ceil(matrices.length / MOST_MATRICES)) }, (_, i) => i * MOST_MATRICES);
  return starts.map((from) => ({ run, checkpoint: name, from, reports: pack(matrices.slice(from, from + MOST_MATRICES)) }));
}

/** Of two with the same reports. */
function isSame(a: JudgedCheckpoint, b: JudgedCheckpoint): boolean {
  if (a === b) return true;
  if (a.step !== b.step || a.level !== b.level) return false;
  const names = Object.keys(b.drift);
  if (names.length !== Object.keys(a.drift).length) return false;
  return names.every((name) => {
    const [before, now] = [a.drift[name], b.drift[name]!];
    return before !== undefined && before.value === now.value && before.z === now.z && before.evidence === now.evidence;
  });
}

/** What the client has of one run. */
class Received {
  readonly share: Share = sharing();
  readonly matrices = new Map<string, Matrices>();
  checkpoints: readonly JudgedCheckpoint[] = [];
}

/** The client's side. A checkpoint that is as it was stays the same object. */
export class RunReceiver {
  readonly #runs = new Map<string, Received>();

  take({ run, checkpoint, from, reports }: SentReports): void {
    const { share, matrices } = this.#of(run);
    const before = from === 0 ? [] : (matrices.get(checkpoint) ?? []);
    matrices.set(checkpoint, [...before, ...unpack(reports, share)]);
  }

  report(change: RunChange): RunReport {
    const received = this.#of(change.path);
    const checkpoints = change.checkpoints.map((checkpoint): JudgedCheckpoint => {
      if (typeof checkpoint === 'number') return received.checkpoints[checkpoint]!;
      return { ...checkpoint, matrices: received.matrices.get(checkpoint.name) ?? [] };
    });
    received.checkpoints = checkpoints;
    const names = new Set(checkpoints.map(({ name }) => name));
    for (const name of received.matrices.keys()) if (!names.has(name)) received.matrices.delete(name);
    return { ...change, checkpoints };
  }

  forget(run: string): void {
    this.#runs.delete(run);
  }

  #of(run: string): Received {
    const received = this.#runs.get(run) ?? new Received();
    this.#runs.set(run, received);
    return received;
  }
}
