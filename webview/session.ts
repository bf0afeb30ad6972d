import type { Quantities, SpectralReport } from '../src/analysis/report';
import type { FileSummary, RawLayout } from '../src/engine/protocol';
import type { TensorInfo } from '../src/formats/matrix-source';
import type { HostMessage } from './protocol';

/** How far the analysis of the selected tensor is. */
export type Run =
  | { readonly kind: 'running'; readonly fraction: number; readonly stage: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string; readonly cancelled: boolean; readonly describable?: boolean };

/** Everything the panel knows from the host. */
export interface Session {
  /** Of the file or folder; null before the host said it. */
  readonly path: string | null;
  readonly file: FileSummary | null;
  /** The tensor on screen. Null before the file is known, and when it holds no matrix. */
  readonly tensor: string | null;
  /** How the numbers of the file lie, where a person has said it. */
  readonly layout: RawLayout | null;
  /** The latest report of `tensor`, perhaps still being refined. */
  readonly report: SpectralReport | null;
  readonly run: Run;
  /** Of the watched run that the file belongs to. */
  readonly watched: Extract<HostMessage, { type: 'watched' }>['run'];
  /** What the reports of `tensor` have said so far, in the order of their rows: the steps of the refinement on screen. */
  readonly steps: readonly RefinementStep[];
}

/** What a report said of each quantity when so many rows were read. */
export interface RefinementStep {
  readonly rows: number;
  readonly quantities: Quantities;
}

const OPENING: Run = { kind: 'running', fraction: 0, stage: 'Opening the file' };
const STARTING: Run = { kind: 'running', fraction: 0, stage: 'Starting' };

export const NEW_SESSION: Session = {
  path: null,
  file: null,
  tensor: null,
  layout: null,
  report: null,
  run: OPENING,
  watched: null,
  steps: [],
};

/** What the panel knows after a message. Messages about a tensor that is no longer selected change nothing. */
export function receive(session: Session, message: Exclude<HostMessage, { type: 'gpu' }>): Session {
  switch (message.type) {
    case 'subject':
      return { ...session, path: message.path };
    case 'file': {
      const same = session.file?.path === message.file.path && session.tensor === message.selected;
      return {
        ...session,
        file: message.file,
        tensor: message.selected,
        layout: message.layout ?? null,
        // An older report of the same tensor stands until the next one is here.
        report: same ? session.report : null,
        run: message.selected === null ? { kind: 'done' } : STARTING,
        steps: [],
      };
    }
    case 'progress':
      if (message.tensor !== session.tensor) return session;
      return { ...session, run: { kind: 'running', fraction: message.fraction, stage: message.stage } };
    case 'report':
      if (message.tensor !== session.tensor) return session;
      return {
        ...session,
        report: message.report,
        run: message.final ? { kind: 'done' } : refining(session.run),
        steps: withStep(session.steps, message.report),
      };
    case 'watched':
      return { ...session, watched: message.run };
    case 'failure': {
      const { tensor, message: sentence, cancelled, describable } = message;
      if (tensor !== null && tensor !== session.tensor) return session;
      return { ...session, run: { kind: 'failed', message: sentence, cancelled, describable } };
    }
  }
}

/** A report on no more rows than the last step belongs to a new analysis, or repeats that step. */
function withStep(steps: readonly RefinementStep[], { sample: { rows }, quantities }: SpectralReport): RefinementStep[] {
  return [...steps.filter((step) => step.rows < rows && !steps.some((later) => later.rows > rows)), { rows, quantities }];
}

function refining(run: Run): Run {
  return run.kind === 'running' ? run : { kind: 'running', fraction: 0, stage: 'Reading more rows' };
}

export function select(session: Session, tensor: string): Session {
  return { ...session, tensor, report: null, run: STARTING, steps: [] };
}

export function retry(session: Session): Session {
  return { ...session, run: session.file === null ? OPENING : STARTING };
}

export function selectedTensor({ file, tensor }: Session): TensorInfo | null {
  return file?.tensors.find(({ name }) => name === tensor) ?? null;
}
