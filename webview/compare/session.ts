import type { Comparison } from '../../src/analysis/comparison';
import type { SpectralReport } from '../../src/analysis/report';
import type { Run } from '../session';
import type { CompareHostMessage, NamedSide } from './protocol';

/** What is known of one side so far. */
export interface Side extends NamedSide {
  /** A for the baseline, then B, C and so on. */
  readonly letter: string;
  readonly report: SpectralReport | null;
  /** With the baseline; of the baseline itself there is none. */
  readonly comparison: Comparison | null;
  /** Why it has no report or no comparison. */
  readonly trouble: string | null;
}

/** Everything the panel knows from the host. */
export interface CompareSession {
  readonly sides: readonly Side[];
  readonly matrices: readonly string[];
  readonly matrix: number | null;
  readonly run: Run;
}

const OPENING: Run = { kind: 'running', fraction: 0, stage: 'Opening the files' };

export const NEW_COMPARISON: CompareSession = { sides: [], matrices: [], matrix: null, run: OPENING };

/** What the panel knows after a message. */
export function receive(session: CompareSession, message: CompareHostMessage): CompareSession {
  switch (message.type) {
    case 'sides': {
      const sides = message.sides.map((side, index) => ({
        ...side,
        letter: String.fromCharCode(65 + index),
        report: null,
        comparison: null,
        trouble: null,
      }));
      return { sides, matrices: message.matrices, matrix: message.matrix, run: OPENING };
    }
    case 'progress':
      return { ...session, run: { kind: 'running', fraction: message.fraction, stage: message.stage } };
    case 'report':
      return withSide(session, message.side, { report: message.report });
    case 'comparison':
      return withSide(withSide(session, 0, { report: message.comparison.a }), message.side, {
        comparison: message.comparison,
        report: message.comparison.b,
      });
    case 'trouble':
      return withSide(session, message.side, { trouble: message.message });
    case 'done':
      return { ...session, run: { kind: 'done' } };
    case 'failure':
      return { ...session, run: { kind: 'failed', message: message.message, cancelled: message.cancelled } };
  }
}

function withSide(session: CompareSession, index: number, change: Partial<Side>): CompareSession {
  return { ...session, sides: session.sides.map((side, at) => (at === index ? { ...side, ...change } : side)) };
}

export function retry(session: CompareSession): CompareSession {
  return { ...session, run: OPENING };
}
