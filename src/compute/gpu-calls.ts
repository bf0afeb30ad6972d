import type { AdapterSearch } from './adapter-search';
import type { Gpu, GpuGram, GramBand } from './gpu';

/** What can be asked of a GPU that another part of the program has, as messages. Arrays travel as they are. */
export type GpuCall =
  | { readonly method: 'open' }
  | { readonly method: 'openGram'; readonly d: number }
  | { readonly method: 'add'; readonly gram: number; readonly y: Float32Array; readonly count: number }
  /** Bands are asked for one by one, from 0 until there is none. */
  | { readonly method: 'take'; readonly gram: number; readonly band: number }
  | { readonly method: 'release'; readonly gram: number };

interface Answers {
  readonly open: AdapterSearch;
  /** What the Gram matrix is called from then on. */
  readonly openGram: number;
  readonly add: null;
  readonly take: GramBand | null;
  readonly release: null;
}

/** Rejects where it cannot be done, and once the GPU or whoever has it is gone. */
export type CallGpu = <M extends GpuCall['method']>(call: Extract<GpuCall, { method: M }>) => Promise<Answers[M]>;

/** A GPU behind messages. It multiplies, but holds no rows. */
export function calledGpu(call: CallGpu): Gpu {
  return {
    async openGram(d) {
      const gram = await call({ method: 'openGram', d });
      let sent: Promise<unknown> = Promise.resolve();
      return {
        async add(y, count) {
          await sent;
          sent = call({ method: 'add', gram, y: y.slice(0, count * d), count });
          // Whoever comes next hears of a failure: the next rows, or `take`.
          sent.catch(() => {});
        },
        async take(each) {
          await sent;
          for (let band = 0; ; band++) {
            const taken = await call({ method: 'take', gram, band });
            if (taken === null) return;
            if (!isBand(taken)) throw new Error('What it sent is no part of a Gram matrix.');
            each(taken);
          }
        },
        release: () => void call({ method: 'release', gram }).catch(() => {}),
      };
    },
    openRows: async () => null,
    close: async () => {},
  };
}

function isBand({ firstRow, rows, stride, sums }: GramBand): boolean {
  return (
    [firstRow, rows, stride].every((n) => Number.isSafeInteger(n) && n >= 0) &&
    sums instanceof Uint32Array &&
    sums.length === 2 * rows * stride
  );
}

/** Answers calls. @param open asked once, by the first call */
export function answeringGpu(open: () => Promise<{ readonly search: AdapterSearch; readonly gpu: Pick<Gpu, 'openGram'> | null }>): CallGpu {
  let opened: ReturnType<typeof open> | null = null;
  const grams = new Map<number, { readonly gram: GpuGram; bands: (GramBand | null)[] }>();
  let last = 0;
  const numbered = (id: number) => {
    const found = grams.get(id);
    if (found === undefined) throw new Error('There is no such Gram matrix.');
    return found;
  };

  async function answer(call: GpuCall): Promise<Answers[GpuCall['method']]> {
    opened ??= open();
    const { search, gpu } = await opened;
    switch (call.method) {
      case 'open':
        return search;
      case 'openGram': {
        if (gpu === null) throw new Error('There is no GPU.');
        grams.set(++last, { gram: await gpu.openGram(call.d), bands: [] });
        return last;
      }
      case 'add':
        await numbered(call.gram).gram.add(call.y, call.count);
        return null;
      case 'take': {
        const found = numbered(call.gram);
        if (call.band === 0) {
          found.bands = [];
          await found.gram.take((band) => found.bands.push({ ...band, sums: band.sums.slice() }));
        }
        const band = found.bands[call.band] ?? null;
        found.bands[call.band] = null;
        return band;
      }
      case 'release':
        numbered(call.gram).gram.release();
        grams.delete(call.gram);
        return null;
    }
  }
  return answer as CallGpu;
}
