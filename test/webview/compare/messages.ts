import type { CompareHostMessage } from '../../../webview/compare/protocol';
import { comparison, sideReport } from '../../words/comparisons';

export const SIDES = [
  { path: '/work/runs/exp1/generation-0/embeddings.npy', name: 'runs/exp1 · generation-0' },
  { path: '/work/runs/exp1/generation-5/embeddings.npy', name: 'runs/exp1 · generation-5' },
  { path: '/work/runs/exp1/generation-10/embeddings.npy', name: 'runs/exp1 · generation-10' },
  { path: '/work/runs/control/generation-10/embeddings.npy', name: 'runs/control · generation-10' },
];

/** What the host sends of a baseline and up to seven sides: the second narrower, the third more so, the fourth not told apart, then more of these. */
export function messages(count = 4): CompareHostMessage[] {
  const sides = Array.from({ length: count }, (_, side) => SIDES[side] ?? { path: `/work/other/${side}.npy`, name: `other/${side}.npy` });
  const report = (side: number) =>
    sideReport({ path: sides[side]!.path, effectiveRank: [54, 31, 12, 53][side % 4]!, decay: [0.96, 0.93, 0.85, 0.959][side % 4]! });
  const compared = Array.from({ length: count - 1 }, (_, index): CompareHostMessage => {
    const side = index + 1;
    const alike = side % 4 === 3 || side % 4 === 0;
    const test = alike
      ? ({ shape: [-0.8, 0.42], logScale: [0.01, 0.6] } as const)
      : ({ shape: [-60 * side, 0.01], logScale: [0.2, 0.01] } as const);
    return { type: 'comparison', side, comparison: comparison({ a: report(0), b: report(side), test }) };
  });
  return [
    { type: 'sides', sides, matrices: [''], matrix: 0 },
    { type: 'report', side: 0, report: report(0) },
    ...compared,
    { type: 'done' },
  ];
}
