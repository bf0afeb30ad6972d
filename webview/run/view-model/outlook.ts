import type { Entry } from '../../../src/words/entries';
import { count, counted } from '../../../src/words/numbers';
import { plainText } from '../../../src/words/plain-text';
import { outlookEntries } from '../../../src/words/run';
import type { HeaderModel } from '../../view-model/header';
import type { RunPicture } from '../protocol';
import { measureAt } from './measures';
import { baselineIndex } from './names';
import { valueText } from './quantities';

/** What the run is compared with, since when it differs, and where it goes. */
export function outlook(run: RunPicture): Entry[] {
  const baseline = run.checkpoints[baselineIndex(run)];
  const rank = run.matrices
    .map(({ weights }, matrix) => (weights ? null : measureAt(run, matrix, 'effectiveRank', baselineIndex(run))))
    .find((measure) => measure !== null);
  const facts = baseline && [
    baseline.name,
    `step ${count(baseline.step)}`,
    ...(rank ? [`effective rank ${valueText('effectiveRank', rank)}`] : []),
  ];
  return [
    ...(facts ? [{ term: 'Baseline', value: facts.join(', ') }] : []),
    ...outlookEntries(run).map(({ term, value }) => ({
      term,
      value: term === 'Forecast' ? value.charAt(0).toUpperCase() + value.slice(1) : value,
    })),
  ].map((entry) => ({ ...entry, note: '', alert: false }));
}

export function runHeader(run: RunPicture): HeaderModel {
  const layers = run.matrices.filter(({ weights }) => weights).length;
  const embeddings = run.matrices.length - layers;
  return {
    title: run.name,
    tensor: plainText(run.path),
    facts: [
      counted(run.checkpoints.length, 'checkpoint'),
      ...(embeddings > 0 ? [counted(embeddings, 'set of embeddings', 'sets of embeddings')] : []),
      ...(layers > 0 ? [counted(layers, 'layer')] : []),
    ],
    notes: [run.recognised, ...run.missing],
  };
}
