// The loop of one target, in a thread that `scripts/fuzz.mjs` watches: the input at hand lies in shared memory, for when the thread is lost.
import { Session } from 'node:inspector';
import { parentPort, workerData } from 'node:worker_threads';
import { randomFrom } from './mutate';
import { targets } from './targets';

const { name, seed, seconds, fixtures, shared, bundle } = workerData as {
  name: string;
  seed: number;
  seconds: number;
  fixtures: string;
  /** Number of the run, length of the input, index of its seed; then the input. */
  shared: SharedArrayBuffer;
  bundle: string;
};
const MOST_MEMORY = 256 * 2 ** 20;
const MOST_MS = 2000;

const head = new Int32Array(shared, 0, 3);
const held = new Uint8Array(shared, 12);
const target = targets(fixtures).find((candidate) => candidate.name === name)!;
const random = randomFrom(seed);
const session = new Session();
session.connect();
const post = <T>(method: string, parameters: object = {}): Promise<T> =>
  new Promise((resolve, reject) => session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result as T))));

interface Coverage {
  result: { url: string; functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[] }[];
}
const known = new Set<number>();

/** Whether a block ran that never did, or an order of magnitude more often. */
async function somethingNew(): Promise<boolean> {
  const { result } = await post<Coverage>('Profiler.takePreciseCoverage');
  const before = known.size;
  for (const { functions } of result.filter(({ url }) => url.endsWith(bundle))) {
    for (const { ranges } of functions) {
      for (const { startOffset, count } of ranges)
        if (count > 0) known.add(startOffset * 16 + Math.min(15, Math.ceil(Math.log2(count) / 2)));
    }
  }
  return known.size > before;
}

async function run(): Promise<void> {
  await post('Profiler.enable');
  await post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const corpus = target.seeds.map(({ bytes }, index) => ({ bytes, index }));
  const seen = new Set<string>();
  // The thread that watches does next to nothing, so that this is the time of this one.
  const cpuSeconds = (): number => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
  const end = cpuSeconds() + seconds;
  let runs = 0;
  for (; cpuSeconds() < end; runs++) {
    // Each seed as it is first; then what was found lately twice as often as the rest.
    const pool = corpus.length;
    const parent = corpus[runs < target.seeds.length ? runs : random(2) === 0 ? random(pool) : pool - 1 - random(Math.min(pool, 64))]!;
    const bytes = runs < target.seeds.length ? parent.bytes : target.mutate(parent.bytes, corpus[random(pool)]!.bytes, random);
    held.set(bytes);
    head[1] = bytes.length;
    head[2] = parent.index;
    Atomics.store(head, 0, runs + 1);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const began = cpuSeconds();
    let failure: string | null = null;
    try {
      await target.run(bytes, target.seeds[parent.index]!.name);
    } catch (error) {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    const took = 1000 * (cpuSeconds() - began);
    const now = process.memoryUsage();
    const memory = now.heapUsed + now.arrayBuffers - heapUsed - arrayBuffers;
    if (failure === null && took > MOST_MS) failure = `took ${took.toFixed(0)} ms of CPU`;
    if (failure === null && memory > MOST_MEMORY) failure = `took ${(memory / 2 ** 20).toFixed(0)} MiB`;
    if (failure !== null) {
      // One finding for each place in the code.
      const kind = failure
        .replace(/"[^\n]*"|\d+/g, '')
        .split('\n')
        .slice(0, 2)
        .join('\n');
      if (!seen.has(kind)) parentPort!.postMessage({ finding: failure, bytes, seed: target.seeds[parent.index]!.name });
      seen.add(kind);
    } else if (await somethingNew()) {
      corpus.push({ bytes: bytes.slice(), index: parent.index });
    }
  }
  parentPort!.postMessage({ runs, corpus: corpus.length, blocks: known.size });
}

void run();
