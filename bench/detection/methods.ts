import { judgeRun } from '../../src/runs/judge-run';
import type { AnalyzedCheckpoint, Kind, NamedStep } from '../../src/runs/run-report';
import type { Generation, Peer } from './checkpoint';

export type Generations = readonly Generation[];

/** What the detector says of a chain when it first says that something is wrong. */
export interface Detection {
  /** Index of the generation. */
  readonly at: number;
  readonly kinds: readonly Kind[];
  readonly onset: NamedStep | null;
}

export const checkpoints = (chain: Generations): AnalyzedCheckpoint[] => chain.map(({ checkpoint }) => checkpoint);

/** The detector, asked after every generation. */
export function detect(chain: readonly AnalyzedCheckpoint[], controls: readonly (readonly AnalyzedCheckpoint[])[] = []): Detection | null {
  for (let at = 1; at < chain.length; at++) {
    const { kinds, onset } = judgeRun(chain.slice(0, at + 1), { baseline: null, controls });
    if (kinds.length > 0) return { at, kinds, onset };
  }
  return null;
}

/** The generation of the alarm alone, in one pass. */
export function alarmOf(chain: readonly AnalyzedCheckpoint[]): number | null {
  return judgeRun(chain, { baseline: null, controls: [] }).alarm?.step ?? null;
}

export interface PeerMethod {
  readonly label: string;
  /** How far a chain has moved from generation 0, in the direction that is taken for collapse. */
  shift(chain: Generations, k: number): number;
}

const moved = (chain: Generations, k: number, peer: Peer): number => chain[k].peers[peer] - chain[0].peers[peer];

export const PEERS: readonly PeerMethod[] = [
  { label: 'SIGMA-UB Track II', shift: (chain, k) => -moved(chain, k, 'trackTwo') },
  { label: 'SIGMA-UB Track I', shift: (chain, k) => -moved(chain, k, 'trackOne') },
  { label: 'RankMe', shift: (chain, k) => -moved(chain, k, 'rankMe') },
  { label: 'mean cosine, rising', shift: (chain, k) => moved(chain, k, 'meanCosine') },
  { label: 'mean cosine, two-sided', shift: (chain, k) => Math.abs(moved(chain, k, 'meanCosine')) },
];

export function largestShift({ shift }: PeerMethod, chain: Generations): number {
  return Math.max(...chain.slice(1).map((_, k) => shift(chain, k + 1)));
}

/** First generation that has moved further than the threshold. */
export function exceeds({ shift }: PeerMethod, chain: Generations, threshold: number): number | null {
  const k = chain.findIndex((_, k) => k > 0 && shift(chain, k) > threshold);
  return k < 0 ? null : k;
}
