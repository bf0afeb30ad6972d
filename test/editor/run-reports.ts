import type { Level } from '../../src/analysis/report';
import type { NamedStep, RunReport } from '../../src/engine/protocol';
import { checkpoint } from '../runs/reports';

interface Facts {
  readonly path?: string;
  readonly level?: Level;
  readonly onset?: NamedStep;
  readonly alarm?: NamedStep;
}

/** A run of three generations, of which a test says the level of the last, onset and alarm. */
export function runReport({ path = '/work/runs/exp1', level = 'healthy', onset, alarm }: Facts = {}): RunReport {
  const levels: readonly Level[] = ['unknown', 'unknown', level];
  return {
    schema: 'sigma.run/1',
    path,
    layout: 'plain-folder',
    recognised: 'Plain folder: 3 checkpoints.',
    missing: [],
    baseline: 'generation-0',
    checkpoints: levels.map((level, step) => {
      const { name, matrices } = checkpoint(step, [{}]);
      const at = matrices.map(({ file, report }) => ({
        file,
        report: { ...report, source: { ...report.source, path: `${path}/${name}/${file}` } },
      }));
      return { name, step, matrices: at, drift: {}, level };
    }),
    level,
    kinds: [],
    onset: onset ?? null,
    alarm: alarm ?? null,
    forecast: null,
    reasons: [{ code: 'lost-directions', message: 'It is losing directions.' }],
  };
}
