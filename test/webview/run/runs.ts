import { runPicture } from '../../../src/editor/run-picture';
import { judgeRun } from '../../../src/runs/judge-run';
import type { AnalyzedCheckpoint, RunReport } from '../../../src/runs/run-report';
import { exact } from '../../../src/spectral/bounded';
import { normal, uniform } from '../../../src/spectral/random';
import type { RunPicture } from '../../../webview/run/protocol';
import { checkpoint, type Facts } from '../../runs/reports';

interface Shape {
  readonly checkpoints?: number;
  readonly layers?: number;
  /** Files of embeddings. */
  readonly files?: readonly string[];
  /** Of the first layer. */
  readonly tensor?: string;
  readonly name?: (step: number) => string;
}

/** A run that loses directions from its fifth checkpoint on, as far as its effective rank of the embeddings goes; its layers narrow one after the other. */
export function collapsingRun({
  checkpoints: count = 12,
  layers = 0,
  files = ['embeddings.npy'],
  tensor = 'layers.0.q_proj.weight',
  name = (step) => `generation-${step}`,
}: Shape = {}): RunReport {
  const random = normal(uniform(3));
  const layerName = (layer: number) => (layer === 0 ? tensor : `layers.${layer}.q_proj.weight`);
  const checkpoints = Array.from({ length: count }, (_, step): AnalyzedCheckpoint => {
    const lost = Math.max(0, step - 3);
    const embeddings = files.map(
      (file): Facts => ({
        file,
        logScale: -1.8 + 0.036 * random() + 0.1 * lost,
        shape: -70 + 1.9 * random() - 10 * lost,
        participationRatio: 13 * Math.exp(0.055 * random()),
        effectiveRank: (37 + 0.6 * random()) * 0.94 ** lost,
      }),
    );
    const weights = Array.from(
      { length: layers },
      (_, layer): Facts => ({
        file: 'model.safetensors',
        tensor: layerName(layer),
        effectiveRank: 60 * (1 - (0.6 * layer * step) / (layers * count)) + (layer % 3 === 0 ? step * 0.4 : 0),
      }),
    );
    return withIntervals({ ...checkpoint(step, [...embeddings, ...weights]), name: name(step), step: 100 * step });
  });
  const recognised = `Plain folder: ${count} checkpoints.`;
  const about = { schema: 'sigma.run/1', path: '/work/runs/exp1', layout: 'plain-folder', recognised, missing: [] } as const;
  return { ...about, ...judgeRun(checkpoints, { baseline: null, controls: [] }) };
}

/** The participation ratio of embeddings carries an interval in most reports. */
function withIntervals({ matrices, ...at }: AnalyzedCheckpoint): AnalyzedCheckpoint {
  const bound = { kind: 'stochastic', confidence: 0.95, method: 'jackknife' } as const;
  return {
    ...at,
    matrices: matrices.map(({ file, report }) => {
      const { value } = report.quantities.participationRatio!;
      const participationRatio = { ...exact(value!), bounds: [{ ...bound, lower: value! - 0.9, upper: value! + 0.9 }] };
      return { file, report: { ...report, quantities: { ...report.quantities, participationRatio, meanCosine: exact(0.2) } } };
    }),
  };
}

export function collapsingPicture(shape: Shape = {}): RunPicture {
  return runPicture(collapsingRun(shape), 'runs/exp1');
}
