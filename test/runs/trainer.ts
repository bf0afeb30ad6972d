import { type FileHandle, mkdir, open, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../src/runs/watch-run';
import { uniform } from '../../src/spectral/random';
import { concat, zip } from '../formats/bytes/zip-writer';
import { assemble, dict, STOP, storage, tensor, text } from '../formats/torch/pickle-bytes';

/** Time that passes only while everybody sleeps: one actor runs at a time, up to its next sleep, and hours take seconds. */
export class SimulatedClock implements Clock {
  #now = 0;
  #awake = 0;
  #asleep: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#asleep.push({ at: this.#now + milliseconds, wake });
      this.#rest();
    });
  }

  /** Until all actors have ended. */
  async run(...actors: readonly (() => Promise<void>)[]): Promise<void> {
    this.#awake = actors.length;
    const act = async (actor: () => Promise<void>) => {
      await this.sleep(0);
      await actor().finally(() => this.#rest());
    };
    await Promise.all(actors.map(act));
  }

  #rest(): void {
    if (--this.#awake > 0 || this.#asleep.length === 0) return;
    const next = this.#asleep.reduce((first, sleeper) => (sleeper.at < first.at ? sleeper : first));
    this.#asleep = this.#asleep.filter((sleeper) => sleeper !== next);
    this.#now = next.at;
    this.#awake = 1;
    next.wake();
  }
}

export const KINDS = [
  'trainer-renamed',
  'trainer-in-place',
  'safetensors-preallocated',
  'safetensors-renamed',
  'torch',
  'lightning',
  'deepspeed',
  'megatron',
  'npy',
  // Nothing in it shows where it ends.
  'csv',
] as const;
export type Kind = (typeof KINDS)[number];

export interface TrainerOptions {
  /** The folder of the run. */
  readonly directory: string;
  readonly kind: Kind;
  readonly clock: Clock;
  readonly seed: number;
  /** Milliseconds by which the file server's clock differs from ours. */
  readonly skew?: number;
  /** `save_total_limit`. */
  readonly keep?: number;
  /** Before the numbers in the names of single files. */
  readonly prefix?: string;
  /** What `trainer-renamed` saves at a step, by the names of the tensors; noise without it. */
  readonly tensors?: (step: number) => Readonly<Record<string, Matrix>>;
}

/** A save that is cut off. */
class Crash extends Error {}

/** Shorter than the quiet period: a writer does not rest for longer between two files, or where only waiting tells. */
const LONGEST_GAP = 4000;
/** A writer may rest for longer where the file itself shows that it is not complete. */
const LONGEST_STALL = 14_000;
/** Of the file server's clock at the start. */
export const EPOCH = Date.UTC(2026, 0, 1);

/** Writes checkpoints as the libraries do, slowly and in pieces, and knows what a complete one holds. */
export class Trainer {
  /** What each complete checkpoint holds, by its name: the bytes by paths inside the run. */
  readonly whole = new Map<string, ReadonlyMap<string, Uint8Array>>();
  /** How often a save of that name was completed. */
  readonly saves = new Map<string, number>();
  readonly crashes: string[] = [];
  readonly #random: () => number;
  /** After how many whole files the save is cut off, and after which fraction of the bytes of the next. */
  #crash: { files: number; fraction: number } | null = null;
  #files = new Map<string, Uint8Array>();

  constructor(readonly options: TrainerOptions) {
    this.#random = uniform(options.seed);
  }

  /** With crashes after which it begins anew, and with checkpoints that are overwritten later. */
  async run(checkpoints: number): Promise<void> {
    for (let i = 1; i <= checkpoints; i++) {
      await this.#pause(30_000, 50_000);
      const step = 100 * i;
      if (this.options.kind !== 'csv' && this.#random() < 0.12) {
        await this.crash(step);
        // A preallocated file that nobody completes is taken for zeros after half a minute.
        await (this.options.kind === 'safetensors-preallocated' || this.#random() < 0.5
          ? this.#pause(5000, 20_000)
          : this.#pause(80_000, 160_000));
      }
      await this.save(step);
      await this.#deleteOld();
      if (this.#random() < 0.08) {
        await this.#pause(60_000, 120_000);
        await this.save(step);
      }
    }
  }

  /** A save that stops half-way. */
  async crash(step: number): Promise<void> {
    const files = this.options.kind === 'deepspeed' || this.options.kind === 'megatron' || this.options.kind === 'trainer-in-place' ? 2 : 1;
    this.#crash = { files: Math.floor(this.#random() * files), fraction: 0.2 + 0.6 * this.#random() };
    try {
      await this.save(step);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.crashes.push(this.nameOf(step));
    } finally {
      this.#crash = null;
    }
  }

  nameOf(step: number): string {
    const { kind, prefix = 'weights' } = this.options;
    switch (kind) {
      case 'trainer-renamed':
      case 'trainer-in-place':
        return `checkpoint-${step}`;
      case 'lightning':
        return `epoch=${Math.floor(step / 300)}-step=${step}.ckpt`;
      case 'deepspeed':
        return `global_step${step}`;
      case 'megatron':
        return `iter_${String(step).padStart(7, '0')}`;
      case 'torch':
        return `${prefix}_${step}.pt`;
      case 'npy':
      case 'csv':
        return `${prefix}_${step}.${kind}`;
      default:
        return `${prefix}_${step}.safetensors`;
    }
  }

  async save(step: number): Promise<void> {
    const name = this.nameOf(step);
    this.whole.delete(name);
    this.#files = new Map();
    await mkdir(this.options.directory, { recursive: true });
    await this.#write(step, name);
    this.whole.set(name, this.#files);
    this.saves.set(name, (this.saves.get(name) ?? 0) + 1);
  }

  async #write(step: number, name: string): Promise<void> {
    const matrix = () => this.#matrix();
    switch (this.options.kind) {
      case 'trainer-renamed': {
        const temporary = `tmp-${name}`;
        const model = safetensorsFile(this.options.tensors?.(step) ?? { head: matrix(), tail: matrix() });
        await this.#stream(`${temporary}/model.safetensors`, model);
        await this.#stream(`${temporary}/optimizer.pt`, torchFile(matrix()));
        await this.#mark(`${temporary}/trainer_state.json`, JSON.stringify({ global_step: step }));
        await rm(this.#path(name), { recursive: true, force: true });
        await rename(this.#path(temporary), this.#path(name));
        this.#files = new Map([[`${name}/model.safetensors`, model]]);
        return;
      }
      case 'trainer-in-place': {
        const weightMap: Record<string, string> = {};
        for (const [i, tensorName] of ['head', 'tail'].entries()) {
          const shard = `model-0000${i + 1}-of-00002.safetensors`;
          weightMap[tensorName] = shard;
          await this.#stream(`${name}/${shard}`, safetensorsFile({ [tensorName]: matrix() }));
        }
        const index = { metadata: {}, weight_map: weightMap };
        const indexFile = `${name}/model.safetensors.index.json`;
        await this.#mark(indexFile, JSON.stringify(index));
        this.#files.set(indexFile, Buffer.from(JSON.stringify(index)));
        await this.#pause(100, 1000);
        return this.#mark(`${name}/trainer_state.json`, JSON.stringify({ global_step: step }));
      }
      case 'safetensors-preallocated':
        return this.#preallocated(name, safetensorsFile({ head: matrix(), tail: matrix() }));
      case 'safetensors-renamed':
        return this.#streamAndMove(`.tmp${Math.floor(1e6 * this.#random())}`, name, safetensorsFile({ head: matrix() }));
      case 'lightning': {
        const link = this.#path('last.ckpt');
        const checkpoint = torchFile(matrix());
        // To another file system the finished file is not renamed, but copied.
        if (this.#random() < 0.3) await this.#stream(name, checkpoint);
        else await this.#streamAndMove(`.tmp-${name}`, name, checkpoint);
        await rm(link, { force: true });
        await symlink(name, link);
        return;
      }
      case 'deepspeed':
        await this.#stream(`${name}/mp_rank_00_model_states.pt`, torchFile(matrix()));
        await this.#stream(`${name}/mp_rank_01_model_states.pt`, torchFile(matrix()));
        return this.#mark('latest', name);
      case 'megatron':
        await this.#stream(`${name}/mp_rank_00/model_optim_rng.pt`, torchFile(matrix()));
        await this.#stream(`${name}/mp_rank_01/model_optim_rng.pt`, torchFile(matrix()));
        return this.#mark('latest_checkpointed_iteration.txt', String(step));
      case 'torch':
        return this.#stream(name, torchFile(matrix()));
      case 'npy':
        return this.#stream(name, npyFile(matrix()));
      case 'csv':
        return this.#stream(name, csvFile(matrix()));
    }
  }

  /** From the start to the end, in pieces. */
  async #stream(file: string, bytes: Uint8Array): Promise<void> {
    const pieces = 2 + Math.floor(4 * this.#random());
    const handle = await this.#create(file);
    try {
      for (let i = 0; i < pieces; i++) {
        const end = Math.floor((bytes.length * (i + 1)) / pieces);
        await this.#piece(handle, bytes, Math.floor((bytes.length * i) / pieces), end);
      }
    } finally {
      await handle.close();
    }
    await this.#completed(file, bytes);
  }

  /** A small file, in one write. */
  async #mark(file: string, content: string): Promise<void> {
    const handle = await this.#create(file);
    await handle.writeFile(content);
    await handle.close();
  }

  async #streamAndMove(temporary: string, file: string, bytes: Uint8Array): Promise<void> {
    await this.#stream(temporary, bytes);
    await rename(this.#path(temporary), this.#path(file));
    this.#files = new Map([[file, bytes]]);
  }

  /** The file has its size at once, and reads as zeros where it is not written yet. */
  async #preallocated(file: string, bytes: Uint8Array): Promise<void> {
    const handle = await this.#create(file);
    try {
      await handle.truncate(bytes.length);
      await this.#stamp(handle);
      await this.#pause(0, LONGEST_STALL);
      const header = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
      const middle = header + Math.floor((bytes.length - header) / 2);
      await this.#piece(handle, bytes, 0, header);
      await this.#piece(handle, bytes, header, middle);
      await this.#piece(handle, bytes, middle, bytes.length);
    } finally {
      await handle.close();
    }
    await this.#completed(file, bytes);
  }

  async #create(file: string): Promise<FileHandle> {
    await mkdir(dirname(this.#path(file)), { recursive: true });
    const handle = await open(this.#path(file), 'w');
    await this.#stamp(handle);
    return handle;
  }

  async #piece(handle: FileHandle, bytes: Uint8Array, start: number, end: number): Promise<void> {
    const crash = this.#crash;
    const cut = crash !== null && crash.files === 0 ? Math.min(end, Math.floor(crash.fraction * bytes.length)) : end;
    await handle.write(bytes, start, Math.max(0, cut - start), start);
    await this.#stamp(handle);
    if (cut < end) throw new Crash();
    if (end < bytes.length) await this.#pause(200, this.options.kind !== 'csv' && this.#random() < 0.1 ? LONGEST_STALL : LONGEST_GAP);
  }

  async #completed(file: string, bytes: Uint8Array): Promise<void> {
    if (this.#crash !== null) this.#crash = { ...this.#crash, files: this.#crash.files - 1 };
    this.#files.set(file, bytes);
    await this.#pause(100, LONGEST_GAP);
  }

  /** Pieces follow each other faster here than the file system's clock ticks: the times have to be set. */
  async #stamp(handle: FileHandle): Promise<void> {
    const { clock, skew = 0 } = this.options;
    const seconds = (EPOCH + clock.now() + skew) / 1000;
    await handle.utimes(seconds, seconds);
  }

  /** As `save_total_limit` does. */
  async #deleteOld(): Promise<void> {
    const { keep = Number.POSITIVE_INFINITY, directory } = this.options;
    const step = (name: string) => Number(/\d+(?=\D*$)/.exec(name)![0]);
    const there = (await readdir(directory)).filter((name) => this.whole.has(name)).sort((a, b) => step(a) - step(b));
    for (const name of there.slice(0, Math.max(0, there.length - keep))) {
      await rm(this.#path(name), { recursive: true });
      this.whole.delete(name);
    }
  }

  async #pause(shortest: number, longest: number): Promise<void> {
    await this.options.clock.sleep(shortest + (longest - shortest) * this.#random());
  }

  #path(name: string): string {
    return join(this.options.directory, name);
  }

  #matrix(): Matrix {
    const rows = 16 + Math.floor(48 * this.#random());
    const columns = 16;
    return { rows, columns, values: Float32Array.from({ length: rows * columns }, () => 2 * this.#random() - 1) };
  }
}

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array<ArrayBuffer>;
}

export function npyFile({ rows, columns, values }: Matrix): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const header = `${description.padEnd(Math.ceil((description.length + 11) / 64) * 64 - 11)}\n`;
  const start = Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >> 8);
  return concat([start, Buffer.from(header), new Uint8Array(values.buffer)]);
}

export function csvFile({ rows, columns, values }: Matrix): Uint8Array {
  const lines = Array.from({ length: rows }, (_, row) => values.subarray(row * columns, (row + 1) * columns).join(','));
  return Buffer.from(`${lines.join('\n')}\n`);
}

export function safetensorsFile(matrices: Readonly<Record<string, Matrix>>): Uint8Array {
  let at = 0;
  const header = Object.entries(matrices).map(([name, { rows, columns, values }]) => {
    const entry = { dtype: 'F32', shape: [rows, columns], data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
    return [name, entry];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer);
  return concat([length, json, ...Object.values(matrices).map(({ values }) => new Uint8Array(values.buffer))]);
}

export function torchFile({ rows, columns, values }: Matrix): Uint8Array {
  const weight = tensor(storage('0', values.length), 0, [rows, columns], [columns, 1]);
  return zip([
    { name: 'archive/data.pkl', content: assemble(0x80, 2, dict(text('weight'), weight), STOP) },
    { name: 'archive/data/0', content: new Uint8Array(values.buffer) },
  ]);
}
