import type { Generation } from './checkpoint';
import { REAL_RUNS, realRun } from './real-runs';
import { chain, SCENARIOS } from './scenarios';

/** What a chain is for. */
interface Purpose {
  readonly set: 'pinned' | 'control' | 'long' | 'early' | 'late' | 'forecast' | 'real';
  /** Of the scenario, or of the real run. */
  readonly name: string;
}

export interface Chain extends Purpose {
  /** File of a real run. */
  readonly file?: string;
  readonly generations: readonly Generation[];
}

interface Batch extends Purpose {
  readonly chains: number;
  readonly last: number;
  /** First generation that is not healthy. */
  readonly change: number;
}

/** Arguments: folder of the runs, chains of a scenario, and which of how many shares of all chains. One line of JSON for each chain. */
const [runs, chains, share, shares] = process.argv.slice(2);
const times = (factor: number): number => Math.ceil(factor * Number(chains));
const healthy = { name: 'control', last: 12, change: 1 };
const scenarios = Object.keys(SCENARIOS).filter((name) => name !== 'control');
const batches: readonly Batch[] = [
  { ...healthy, set: 'control', chains: times(2) },
  { ...healthy, set: 'pinned', chains: times(1.5) },
  ...scenarios.map((name): Batch => ({ set: 'early', name, chains: times(1), last: 12, change: 1 })),
  ...scenarios.map((name): Batch => ({ set: 'late', name, chains: times(0.5), last: 16, change: 5 })),
  ...['replace', 'replace, cold'].map((name): Batch => ({ set: 'forecast', name, chains: times(0.3), last: 40, change: 1 })),
  { ...healthy, set: 'long', chains: times(0.4), last: 200 },
];

const mine = (i: number): boolean => i % Number(shares) === Number(share);
const say = (line: Chain): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
for (const [i, name] of REAL_RUNS.entries()) {
  if (!mine(i)) continue;
  for (const file of ['embeddings.npy', 'hidden.npy']) say({ set: 'real', name, file, generations: await realRun(runs, name, file) });
}
for (const { set, name, chains, last, change } of batches) {
  const first = [...`${set} ${name}`].reduce((hash, c) => Math.imul(hash, 31) + c.charCodeAt(0), 7);
  for (let i = 0; i < chains; i++) if (mine(i)) say({ set, name, generations: await chain(name, first + i, last, change) });
}
